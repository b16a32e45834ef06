// How far a source is settled: the lowest position from which something must be read
// again. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pullwire::ingestor {

/// Follows the posts of one source from being read to being settled.
///
///   const auto ordinal = cursor.read(position);     // about to be sent
///   cursor.settle(ordinal);                         // in any order
///   cursor.lowest();                                // where a restart must begin
class Cursor {
 public:
  using Ordinal = std::uint64_t;

  /// A post was read at `position`, behind all before it.
  Ordinal read(std::string position);

  /// The post is settled. Requires that it was read and not settled before.
  void settle(Ordinal ordinal);

  /// Position of the oldest post that is not settled; nothing if all are: then the
  /// source's own position holds.
  [[nodiscard]] std::optional<std::string> lowest() const;

  /// Posts from the oldest unsettled to the newest; 0 if all are settled.
  [[nodiscard]] std::size_t span() const noexcept { return posts_.size(); }

  /// For positions that are numbers: the settled ones above `lowest()` as ranges,
  /// "12-40,42". Looks at the whole span.
  [[nodiscard]] std::string settled_above() const;

 private:
  struct Post {
    std::string position;
    bool settled = false;
  };
  std::deque<Post> posts_;  // from the oldest unsettled on
  Ordinal oldest_ = 0;      // ordinal of posts_.front()
};

/// Ranges of numbers as `Cursor::settled_above` writes them.
class NumberRanges {
 public:
  NumberRanges() = default;
  /// Throws std::invalid_argument if `text` is not of that form.
  explicit NumberRanges(std::string_view text);

  /// Whether the number that `position` spells is in one of them.
  [[nodiscard]] bool contains(std::string_view position) const;

 private:
  struct Range {
    std::uint64_t first;
    std::uint64_t last;
  };
  std::vector<Range> ranges_;  // ascending, disjoint
};

}  // namespace pullwire::ingestor
