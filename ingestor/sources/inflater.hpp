// Decompresses gzip, one member after another, piece by piece.
//
// Pure; not thread-safe.
#pragma once

#include <cstddef>
#include <string_view>

#include <zlib.h>

namespace pullwire::ingestor {

class Inflater {
 public:
  Inflater();
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// Whether all that was fed has come out.
  bool needs_input() const { return stream_.avail_in == 0 && !full_; }

  /// The next bytes; only if `needs_input`. They must live until it does again.
  void feed(std::string_view compressed);

  /// Writes what comes out, at most `size` bytes. Returns how many.
  std::size_t inflate(char* to, std::size_t size);

  /// What was fed is not gzip: no more will come out.
  bool broken() const { return broken_; }

  /// Whether a member has begun and not ended.
  bool inside_member() const { return inside_; }

  /// As new.
  void restart();

 private:
  void skip_padding();

  z_stream stream_{};
  bool full_ = false;  // the last output was filled: there may be more
  bool inside_ = false;
  bool first_ = true;  // no member has ended yet
  bool broken_ = false;
};

}  // namespace pullwire::ingestor
