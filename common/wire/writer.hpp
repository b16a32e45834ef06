// msgpack as bytes: what the encoders of this folder share. A StringBuffer for messages and
// reports, which are few; an Appender for the fields of an event; msgpack's own sbuffer for a
// message full of events, since ZeroMQ can take over its memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <msgpack.hpp>

#include "common/flow/check.hpp"
#include "common/model/clipped.hpp"

namespace pullwire::wire {

struct StringBuffer {
  std::string bytes;
  void write(const char* data, std::size_t size) { bytes.append(data, size); }
};

using Packer = msgpack::packer<StringBuffer>;

/// Appends to a string, which is made large enough beforehand: an event consists of some
/// thirty pieces, and one check serves them all.
class Appender {
 public:
  /// Most bytes in front of a text, of bytes or of an array; and of a number.
  static constexpr std::size_t kHead = 5;
  static constexpr std::size_t kNumber = 9;

  /// At most `bytes` will be written.
  Appender(std::string& out, std::size_t bytes) : out_{out}, at_{out.size()} {
    out_.resize(at_ + bytes);
  }
  ~Appender() { out_.resize(at_); }
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;

  void write(const char* data, std::size_t size) {
    if (size == 0) return;  // of nothing there is no address
    CHECK(size <= out_.size() - at_);
    std::memcpy(out_.data() + at_, data, size);
    at_ += size;
  }

 private:
  std::string& out_;
  std::size_t at_;
};

template <class Stream>
void pack_text(msgpack::packer<Stream>& packer, std::string_view text) {
  packer.pack_str(static_cast<std::uint32_t>(text.size()));
  packer.pack_str_body(text.data(), static_cast<std::uint32_t>(text.size()));
}

template <class Stream>
void pack_bytes(msgpack::packer<Stream>& packer, std::string_view bytes) {
  packer.pack_bin(static_cast<std::uint32_t>(bytes.size()));
  packer.pack_bin_body(bytes.data(), static_cast<std::uint32_t>(bytes.size()));
}

}  // namespace pullwire::wire
