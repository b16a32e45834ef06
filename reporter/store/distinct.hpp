// Counts different publications without keeping them: exact for posts whose ids are
// numbers, in memory that does not grow with their count. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/model/publication.hpp"

namespace pullwire::reporter {

/// Tells for each publication whether (post_id, target, format) is new.
///
/// Where a post_id ends in a number ("simulated:123"), ranges of numbers are kept:
/// they grow together as posts complete, a few stay. Of other ids a 128-bit
/// hash is kept. At most `kRemembered` ranges and hashes in all, about 8 MB; what
/// does not fit is not remembered, and `exact()` is false from then on.
class DistinctPublications {
 public:
  static constexpr std::size_t kRemembered = 65536;

  /// True if it was not there before. If the memory is full, and it might have
  /// been: true unless it is redelivered.
  bool insert(const Publication& publication);

  /// False once a publication could not be remembered.
  [[nodiscard]] bool exact() const noexcept { return exact_; }

 private:
  using Hash = std::array<std::uint8_t, 16>;
  using Ranges = std::map<std::uint64_t, std::uint64_t>;  // first to last, with gaps between

  enum class Answer { New, Known, NoRoom };
  Answer insert_number(std::uint64_t number);
  Answer insert_hash(std::string_view post_id);
  [[nodiscard]] bool has_room() const noexcept { return remembered_ < kRemembered; }

  std::unordered_map<std::string, Ranges> ranges_;  // of each id's front, target and format
  std::set<Hash> hashes_;
  std::size_t remembered_ = 0;  // ranges and hashes; a new `ranges_` entry brings a range
  bool exact_ = true;
  std::string key_;  // of the publication at hand
};

}  // namespace pullwire::reporter
