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

std::uint64_t SeqSet::add(SeqRange range, std::vector<SeqRange>* fresh) {
  CHECK(range.first >= 1 && range.first <= range.last);
  if (range.last <= cum_) return 0;
  std::uint64_t count = 0;
  const auto report = [&](Seq from, Seq to) {
    count += to - from + 1;
    if (fresh != nullptr) fresh->push_back({from, to});
  };
  Seq next = std::max(range.first, cum_ + 1);  // lowest number not yet looked at

  // The stored ranges that touch the new one grow together with it.
  Seq first = next;
  Seq last = range.last;
  auto it = above_.upper_bound(next);
  if (it != above_.begin() && std::prev(it)->second + 1 >= next) --it;
  while (it != above_.end() && it->first <= range.last + 1) {
    if (next < it->first) report(next, it->first - 1);
    next = std::max(next, it->second + 1);
    first = std::min(first, it->first);
    last = std::max(last, it->second);
    above_count_ -= it->second - it->first + 1;
    it = above_.erase(it);
  }
  if (next <= range.last) report(next, range.last);

  if (first <= cum_ + 1) {
    cum_ = last;
  } else {
    above_.emplace(first, last);
    above_count_ += last - first + 1;
  }
  return count;
}

}  // namespace pullwire::flow
