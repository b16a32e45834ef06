// Sequence numbers of a session, and sets of them. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace pullwire::flow {

/// Number of an event within its session: 1, 2, 3, … in the order of sending.
/// 0 stands for "none yet".
using Seq = std::uint64_t;

/// The numbers `first` to `last`, both included.
struct SeqRange {
  Seq first = 0;
  Seq last = 0;

  friend bool operator==(const SeqRange&, const SeqRange&) = default;
};

/// A set of sequence numbers that fills up from below: everything up to `cum()`,
/// and some ranges above it. Takes memory for the ranges only.
class SeqSet {
 public:
  /// Every number up to and including this one is in the set.
  [[nodiscard]] Seq cum() const noexcept { return cum_; }

  /// How many numbers are in the set.
  [[nodiscard]] std::uint64_t count() const noexcept { return cum_ + above_count_; }

  [[nodiscard]] bool contains(Seq seq) const;

  /// What is in the set above `floor`: ascending, with gaps between.
  [[nodiscard]] std::vector<SeqRange> ranges_above(Seq floor) const;

  /// Adds a range and returns how many of its numbers are new; appends them to `fresh`,
  /// ascending. Requires 1 <= first <= last.
  std::uint64_t add(SeqRange range, std::vector<SeqRange>* fresh = nullptr);

 private:
  Seq cum_ = 0;
  std::map<Seq, Seq> above_;  // first -> last; disjoint, not adjacent, all > cum_ + 1
  std::uint64_t above_count_ = 0;
};

}  // namespace pullwire::flow
