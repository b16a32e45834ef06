// From demand to posts: asks the sources, filters, leaves out what was seen, and knows
// how far each source is settled. Lives on the loop's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/model/hashtag.hpp"
#include "common/model/spare_strings.hpp"
#include "common/ops/metrics.hpp"
#include "ingestor/cursor.hpp"
#include "ingestor/post_filter.hpp"
#include "ingestor/sources/source.hpp"
#include "ingestor/state.hpp"

namespace pullwire::ingestor {

/// A post that was read and is not settled.
struct PostInHand {
  std::string bytes;  ///< encoded (wire/events.hpp)
  std::size_t source = 0;
  Cursor::Ordinal ordinal = 0;
  SeenKey key{};
};

/// A source, and which of its posts are wanted beside their hashtags.
struct FilteredSource {
  std::unique_ptr<Source> source;
  PostFilter filter{};
};

class Intake {
 public:
  struct Config {
    std::size_t seen_keep;
    std::size_t max_span;
    std::size_t sent_before;  ///< of each source the runs before may have sent the next so many
  };
  /// Takes a post on its way out; `redelivered`: it may have been sent before.
  using Emit = std::function<void(PostInHand, bool redelivered)>;

  /// Resumes every source where `state` says.
  Intake(std::vector<FilteredSource> sources, HashtagFilter filter, Config config, State& state,
         Metrics& metrics, Emit emit);
  ~Intake();

  /// Asks every source once at most, in turn, for what `wanted` posts still need.
  /// Returns when to ask again if there is demand then; nothing if all have ended or
  /// wait for a settlement.
  std::optional<Time> pull(Time now, std::size_t wanted);

  /// The post is safe downstream.
  void settle(PostInHand post);

  /// What is to be stored since the last call; empty if nothing moved.
  [[nodiscard]] std::vector<SourceChange> take_changes();
  /// They are stored. One of the two follows every `take_changes`, before the next.
  void stored(const std::vector<SourceChange>& changes);
  /// They could not be stored: they come with the next ones.
  void give_back(std::vector<SourceChange> changes);

  [[nodiscard]] bool ended() const;
  /// A source ended because it could not be read to its end.
  [[nodiscard]] bool broken() const noexcept { return broken_; }
  /// Newest read minus stored cursor, the largest over all sources, in posts.
  [[nodiscard]] std::size_t lag() const;
  /// The first source that fails, and why, in a line; "" if all work.
  [[nodiscard]] std::string trouble() const;
  /// There is something to store.
  [[nodiscard]] bool moved() const;
  /// A source is not asked before what is settled of it has been stored.
  [[nodiscard]] bool waits_for_store() const;
  /// Of each source at most so many of the next posts were sent by the runs before.
  [[nodiscard]] std::size_t sent_before() const;
  /// Posts that were read and wait for the end of their own replay.
  [[nodiscard]] std::size_t held_back() const noexcept { return held_back_; }

  [[nodiscard]] std::uint64_t read_total() const noexcept { return read_total_; }
  [[nodiscard]] std::uint64_t filtered_total() const noexcept { return filtered_total_; }
  [[nodiscard]] std::uint64_t skipped_total() const noexcept { return skipped_total_; }

 private:
  class Desk;  // one source

  /// A post that was read while it was being replayed.
  struct HeldBack {
    PostInHand post;
    bool redelivered;
  };
  struct HashOfKey {
    std::size_t operator()(const SeenKey& key) const noexcept;
  };

  Desk& desk_of(const SourceChange& change);
  void give(PostInHand post, bool redelivered);
  [[nodiscard]] bool originals_settled() const;

  HashtagFilter filter_;
  Config config_;
  Emit emit_;
  SpareStrings spare_;  // of settled posts, for the next ones
  std::vector<std::unique_ptr<Desk>> desks_;
  /// Where posts are replayed: those with republishers, so that no two have the same one.
  std::unordered_map<SeenKey, std::vector<HeldBack>, HashOfKey> out_;
  std::size_t held_back_ = 0;
  std::size_t next_ = 0;
  bool replays_ = false;  // a source does
  bool broken_ = false;
  std::uint64_t read_total_ = 0;
  std::uint64_t filtered_total_ = 0;
  std::uint64_t skipped_total_ = 0;
};

}  // namespace pullwire::ingestor
