// Up to where a source's posts are all settled: the cursor of design.md.
//
// Pure; not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pullwire::ingestor {

class SettledNumbers;

/// Tracks the posts of one source from when they were read until they are settled, in
/// whatever order that happens.
///
///   const auto ordinal = cursor.read("4711");
///   cursor.settle(ordinal);
///   save(source.cursor(cursor.lowest_unsettled().value_or(source.position())));
class Cursor {
 public:
  using Ordinal = std::uint64_t;

  /// A post that is to be sent was read at `position`. Ordinals count up by one.
  Ordinal read(std::string position);

  /// The post is settled; each exactly once. Constant time, amortised.
  void settle(Ordinal ordinal);

  /// Position of the first post that is not settled; nothing if all are: then the
  /// cursor is the source's own position. Valid until the next call of `read` or `settle`.
  std::optional<std::string_view> lowest_unsettled() const;

  /// How many posts were read from the lowest unsettled one on, itself included.
  std::size_t span() const { return posts_.size(); }

  /// Ordinal of that post, or of the next one to be read.
  Ordinal lowest() const { return lowest_; }

  /// For sources with Identity::Numbers, whose positions ascend: what is settled above the
  /// lowest unsettled post. Linear in the span.
  SettledNumbers settled_above() const;

 private:
  struct Entry {
    std::string position;
    bool settled = false;
  };

  std::deque<Entry> posts_;  // the first one is unsettled
  Ordinal lowest_ = 0;       // ordinal of the first one
};

/// A set of numbers, written as ascending ranges: "12-40,42". "" is the empty set.
class SettledNumbers {
 public:
  /// Returns nothing if that is not such a text.
  static std::optional<SettledNumbers> parse(std::string_view text);

  /// Numbers must be added in ascending order.
  void add(std::uint64_t number);
  /// Adds what `other` has.
  void join(const SettledNumbers& other);
  void forget_below(std::uint64_t number);

  bool contains(std::uint64_t number) const;
  std::string text() const;

  friend bool operator==(const SettledNumbers&, const SettledNumbers&) = default;

 private:
  struct Range {
    std::uint64_t first;
    std::uint64_t last;

    friend bool operator==(const Range&, const Range&) = default;
  };

  std::vector<Range> ranges_;  // ascending, with at least one number between two
};

}  // namespace pullwire::ingestor
