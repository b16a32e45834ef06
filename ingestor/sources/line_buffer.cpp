#include "ingestor/sources/line_buffer.hpp"

#include <cstring>

namespace pullwire::ingestor {

char* LineBuffer::reserve(std::size_t count) {
  if (begin_ > 0) {
    std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    scanned_ -= begin_;
    begin_ = 0;
  }
  if (bytes_.size() < end_ + count + kPadding) bytes_.resize(end_ + count + kPadding);
  return bytes_.data() + end_;
}

void LineBuffer::advance(std::size_t to) {
  offset_ += passed_ + (to - begin_);
  ++number_;
  passed_ = 0;
  passing_ = false;
  begin_ = scanned_ = to;
}

std::optional<LineBuffer::Line> LineBuffer::next() {
  for (;;) {
    const std::size_t newline = pending(scanned_).find('\n');
    if (newline == std::string_view::npos) {
      scanned_ = end_;
      const bool told = passing_;
      passing_ = passing_ || end_ - begin_ > kMaxLine;
      if (!passing_) return std::nullopt;
      passed_ += end_ - begin_;
      begin_ = end_;
      if (told) return std::nullopt;
      return Line{{}, offset_, number_, true};
    }
    const std::size_t line_end = scanned_ + newline;
    Line line{{bytes_.data() + begin_, line_end - begin_}, offset_, number_, false};
    const bool told = passing_;
    advance(line_end + 1);
    if (told) continue;
    if (line.text.size() > kMaxLine) {
      line.text = {};
      line.too_long = true;
    }
    return line;
  }
}

std::optional<LineBuffer::Line> LineBuffer::rest() const {
  if (passing_ || begin_ == end_) return std::nullopt;
  return Line{pending(begin_), offset_, number_, false};
}

void LineBuffer::restart(std::uint64_t offset, std::uint64_t number) {
  begin_ = scanned_ = end_ = 0;
  offset_ = offset;
  number_ = number;
  passing_ = false;
  passed_ = 0;
}

}  // namespace pullwire::ingestor
