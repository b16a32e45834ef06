#include "ingestor/cursor.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "common/flow/check.hpp"

namespace pullwire::ingestor {
namespace {

bool take_number(std::string_view& text, std::uint64_t& number) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  return error == std::errc{};
}

}  // namespace

Cursor::Ordinal Cursor::read(std::string position) {
  posts_.push_back({std::move(position)});
  return lowest_ + posts_.size() - 1;
}

void Cursor::settle(Ordinal ordinal) {
  CHECK(ordinal >= lowest_ && ordinal - lowest_ < posts_.size());
  Entry& entry = posts_[ordinal - lowest_];
  CHECK(!entry.settled);
  entry.settled = true;
  while (!posts_.empty() && posts_.front().settled) {
    posts_.pop_front();
    ++lowest_;
  }
}

std::optional<std::string_view> Cursor::lowest_unsettled() const {
  if (posts_.empty()) return std::nullopt;
  return posts_.front().position;
}

SettledNumbers Cursor::settled_above() const {
  SettledNumbers settled;
  for (const Entry& entry : posts_) {
    if (!entry.settled) continue;
    std::string_view position = entry.position;
    std::uint64_t number = 0;
    CHECK(take_number(position, number) && position.empty());
    settled.add(number);
  }
  return settled;
}

std::optional<SettledNumbers> SettledNumbers::parse(std::string_view text) {
  SettledNumbers numbers;
  while (!text.empty()) {
    Range range{};
    if (!take_number(text, range.first)) return std::nullopt;
    range.last = range.first;
    if (text.starts_with('-')) {
      text.remove_prefix(1);
      if (!take_number(text, range.last) || range.last <= range.first) return std::nullopt;
    }
    auto& ranges = numbers.ranges_;
    if (!ranges.empty() &&
        (range.first <= ranges.back().last || range.first - ranges.back().last < 2)) {
      return std::nullopt;
    }
    ranges.push_back(range);
    if (text.empty()) break;
    if (!text.starts_with(',') || text.size() == 1) return std::nullopt;
    text.remove_prefix(1);
  }
  return numbers;
}

void SettledNumbers::add(std::uint64_t number) {
  CHECK(ranges_.empty() || number > ranges_.back().last);
  if (!ranges_.empty() && number - ranges_.back().last == 1) {
    ranges_.back().last = number;
  } else {
    ranges_.push_back({number, number});
  }
}

void SettledNumbers::join(const SettledNumbers& other) {
  std::vector<Range> all;
  std::merge(ranges_.begin(), ranges_.end(), other.ranges_.begin(), other.ranges_.end(),
             std::back_inserter(all),
             [](const Range& a, const Range& b) { return a.first < b.first; });
  ranges_.clear();
  for (const Range& range : all) {
    if (ranges_.empty() ||
        (range.first > ranges_.back().last && range.first - ranges_.back().last > 1)) {
      ranges_.push_back(range);
    } else {
      ranges_.back().last = std::max(ranges_.back().last, range.last);
    }
  }
}

void SettledNumbers::forget_below(std::uint64_t number) {
  std::erase_if(ranges_, [number](const Range& range) { return range.last < number; });
  if (!ranges_.empty()) ranges_.front().first = std::max(ranges_.front().first, number);
}

bool SettledNumbers::contains(std::uint64_t number) const {
  const auto range = std::lower_bound(ranges_.begin(), ranges_.end(), number,
                                      [](const Range& r, std::uint64_t n) { return r.last < n; });
  return range != ranges_.end() && range->first <= number;
}

std::string SettledNumbers::text() const {
  std::string text;
  for (const Range& range : ranges_) {
    if (!text.empty()) text += ',';
    text += std::to_string(range.first);
    if (range.last != range.first) text += '-' + std::to_string(range.last);
  }
  return text;
}

}  // namespace pullwire::ingestor
