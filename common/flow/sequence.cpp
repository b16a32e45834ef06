#include "common/flow/sequence.hpp"

#include <algorithm>
#include <iterator>

#include "common/flow/check.hpp"

namespace pullwire::flow {

bool SeqSet::contains(Seq seq) const {
  if (seq <= cum_) return seq != 0;
  auto after = above_.upper_bound(seq);
  return after != above_.begin() && std::prev(after)->second >= seq;
}

std::vector<SeqRange> SeqSet::ranges_above(Seq floor) const {
  std::vector<SeqRange> ranges;
  if (floor < cum_) ranges.push_back({floor + 1, cum_});
  for (const auto& [first, last] : above_) {
    if (last > floor) ranges.push_back({std::max(first, floor + 1), last});
  }
  return ranges;
}

std::vector<SeqRange> SeqSet::add(SeqRange range) {
  CHECK(range.first >= 1 && range.first <= range.last);
  std::vector<SeqRange> fresh;
  if (range.last <= cum_) return fresh;
  Seq next = std::max(range.first, cum_ + 1);  // lowest number not yet looked at

  // The stored ranges that touch the new one grow together with it.
  Seq first = next;
  Seq last = range.last;
  auto it = above_.upper_bound(next);
  if (it != above_.begin() && std::prev(it)->second + 1 >= next) --it;
  while (it != above_.end() && it->first <= range.last + 1) {
    if (next < it->first) fresh.push_back({next, std::min(it->first - 1, range.last)});
    next = std::max(next, it->second + 1);
    first = std::min(first, it->first);
    last = std::max(last, it->second);
    above_count_ -= it->second - it->first + 1;
    it = above_.erase(it);
  }
  if (next <= range.last) fresh.push_back({next, range.last});

  if (first <= cum_ + 1) {
    cum_ = last;
  } else {
    above_.emplace(first, last);
    above_count_ += last - first + 1;
  }
  return fresh;
}

}  // namespace pullwire::flow
