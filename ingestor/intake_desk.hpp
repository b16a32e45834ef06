// The desk of intake.hpp.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ingestor/intake.hpp"
#include "ingestor/seen_posts.hpp"

namespace pullwire::ingestor {

/// One source with what is known of it.
class Intake::Desk : public Sink {
 public:
  /// Resumes the source where `stored` says. Throws std::runtime_error if that is damaged.
  Desk(Intake& intake, std::size_t index, FilteredSource from, const SourceState* stored,
       std::vector<SeenKey> seen_before, Metrics& metrics);

  std::optional<Time> pull(Time now, std::size_t wanted);

  void requested() override { requests_.Increment(); }

  void post(const Post& post, const Traits& traits, std::string_view position) override;

  void old(std::string_view post_id) override;

  void skipped(std::string_view where, std::string_view why) override;

  void error(std::string_view why) override;

  void works() override;

  void moved() override { moved_ = true; }

  [[nodiscard]] bool takes(std::string_view post_id) const override {
    return !intake_.out_.contains(seen_key(post_id));
  }

  [[nodiscard]] bool alone() const override { return intake_.originals_settled(); }

  /// There is something to store.
  [[nodiscard]] bool has_moved() const { return moved_ && has_cursor(); }
  [[nodiscard]] bool replays() const { return source->identity() == Source::Identity::Replayed; }
  [[nodiscard]] bool has_cursor() const {
    return source->identity() != Source::Identity::Nothing && !replays();
  }
  [[nodiscard]] bool failing() const { return !troubles_.empty(); }
  /// What fails, in a line; "" if nothing does.
  [[nodiscard]] std::string trouble() const;
  [[nodiscard]] std::size_t sent_before() const { return sent_before_; }

  /// Posts read from the stored cursor on: a kill would have them sent again.
  [[nodiscard]] std::size_t span() const {
    if (!has_cursor()) return cursor.span();
    return static_cast<std::size_t>(cursor.lowest() - stored_) + cursor.span();
  }
  [[nodiscard]] bool full() const { return span() >= intake_.config_.max_span; }

  void settle(const PostInHand& post) {
    cursor.settle(post.ordinal);
    if (source->identity() == Source::Identity::Ids) newly_seen_.push_back(post.key);
    moved_ = true;
  }

  /// Nothing if all is stored.
  std::optional<SourceChange> take_change();

  void stored() { stored_ = taken_; }

  void give_back(SourceChange change);

  std::unique_ptr<Source> source;
  Cursor cursor;
  Time next{};  ///< not to be asked before
  bool ended = false;

 private:
  [[nodiscard]] bool wanted(const Post& post, const Traits& traits) const;
  /// Whether it was read or settled before.
  bool seen_before(const Post& post, const Traits& traits, const SeenKey& key);

  /// What this run settled and what the ones before did: those are not read yet, perhaps.
  std::string settled_above(const std::string& position);

  Intake& intake_;
  std::size_t index_;
  PostFilter own_filter_;
  SeenPosts seen_;                   // read or settled before: not to be read again
  SettledNumbers settled_before_;    // numbered: by runs before, above the cursor
  std::vector<SeenKey> newly_seen_;  // settled, not stored
  std::string stored_cursor_;
  Cursor::Ordinal taken_ = 0;   // lowest unsettled when a change was last taken
  Cursor::Ordinal stored_ = 0;  // and when one was last stored
  std::size_t sent_before_;     // so many of the next posts may have been sent by runs before
  std::uint64_t skips_ = 0;
  std::uint64_t pulled_ = 0;  // posts read by the pull under way
  bool moved_ = false;
  std::set<std::string, std::less<>> troubles_;  // since all was well
  Counter& requests_;
  Counter& posts_;
  Counter& filtered_;
  Counter& skipped_;
  Counter& errors_;
};

}  // namespace pullwire::ingestor
