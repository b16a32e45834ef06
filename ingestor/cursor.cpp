#include "ingestor/cursor.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>

#include "common/flow/check.hpp"

namespace pullwire::ingestor {
namespace {

std::optional<std::uint64_t> to_number(std::string_view text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return number;
}

}  // namespace

Cursor::Ordinal Cursor::read(std::string position) {
  posts_.push_back({std::move(position)});
  return oldest_ + posts_.size() - 1;
}

void Cursor::settle(Ordinal ordinal) {
  CHECK(ordinal >= oldest_ && ordinal - oldest_ < posts_.size());
  Post& post = posts_[ordinal - oldest_];
  CHECK(!post.settled);
  post.settled = true;
  while (!posts_.empty() && posts_.front().settled) {
    posts_.pop_front();
    ++oldest_;
  }
}

std::optional<std::string> Cursor::lowest() const {
  if (posts_.empty()) return std::nullopt;
  return posts_.front().position;
}

std::string Cursor::settled_above() const {
  std::string text;
  std::optional<std::uint64_t> first;
  std::uint64_t last = 0;
  const auto close = [&] {
    if (!first) return;
    if (!text.empty()) text += ',';
    text += std::to_string(*first);
    if (last > *first) text += '-' + std::to_string(last);
    first.reset();
  };
  for (const Post& post : posts_) {
    if (!post.settled) {
      close();
      continue;
    }
    const auto number = to_number(post.position);
    CHECK(number.has_value());
    if (first && *number != last + 1) close();
    if (!first) first = number;
    last = *number;
  }
  close();
  return text;
}

NumberRanges::NumberRanges(std::string_view text) {
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view part = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const std::size_t dash = std::min(part.find('-'), part.size());
    const auto first = to_number(part.substr(0, dash));
    const auto last = dash < part.size() ? to_number(part.substr(dash + 1)) : first;
    const bool ascending = first && (ranges_.empty() || *first > ranges_.back().last);
    if (!ascending || !last || *last < *first) {
      throw std::invalid_argument{"not ascending ranges of numbers: " + std::string{part}};
    }
    ranges_.push_back({*first, *last});
  }
}

bool NumberRanges::contains(std::string_view position) const {
  if (ranges_.empty()) return false;
  const auto number = to_number(position);
  if (!number) return false;
  const auto after =
      std::upper_bound(ranges_.begin(), ranges_.end(), *number,
                       [](std::uint64_t value, const Range& range) { return value < range.first; });
  return after != ranges_.begin() && std::prev(after)->last >= *number;
}

}  // namespace pullwire::ingestor
