// Cuts a stream of bytes into lines, with bounded memory.
//
// Pure; not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace pullwire::ingestor {

/// Use: write at most `count` bytes to `reserve(count)`, `commit` what was
/// written, then call `next` until it gives nothing.
class LineBuffer {
 public:
  /// Bytes, without the newline: room for a post at all of its limits, or for a text at its
  /// limit with each character escaped as \uXXXX.
  static constexpr std::size_t kMaxLine = 4 * 1024 * 1024;
  /// Readable bytes behind every line, as simdjson wants them.
  static constexpr std::size_t kPadding = 64;

  struct Line {
    std::string_view text;  ///< without newline; valid until the next `reserve`
    std::uint64_t offset;   ///< of its beginning in the stream
    std::uint64_t number;   ///< from 1
    bool too_long;          ///< longer than kMaxLine: `text` is empty, its bytes are passed over
  };

  char* reserve(std::size_t count);
  void commit(std::size_t count) { end_ += count; }

  /// The next line that has its newline. A line that is too long is told as soon as that is known.
  std::optional<Line> next();

  /// What stands behind the last newline, if anything; takes nothing away.
  std::optional<Line> rest() const;

  /// Where the first line that was not given begins, and its number.
  std::uint64_t offset() const { return offset_; }
  std::uint64_t number() const { return number_; }

  /// Forgets everything; the next byte committed stands at `offset` and begins line `number`.
  void restart(std::uint64_t offset, std::uint64_t number);

 private:
  std::string_view pending(std::size_t from) const { return {bytes_.data() + from, end_ - from}; }
  void advance(std::size_t to);

  std::vector<char> bytes_;
  std::size_t begin_ = 0;    // of the first line not given
  std::size_t scanned_ = 0;  // no newline in [begin_, scanned_)
  std::size_t end_ = 0;
  std::uint64_t offset_ = 0;  // of that line in the stream
  std::uint64_t number_ = 1;
  bool passing_ = false;      // that line is too long and was told
  std::uint64_t passed_ = 0;  // bytes of it that are no longer in the buffer
};

}  // namespace pullwire::ingestor
