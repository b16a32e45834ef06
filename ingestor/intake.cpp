#include "ingestor/intake.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>

#include "common/flow/check.hpp"
#include "common/ops/log.hpp"
#include "common/wire/events.hpp"

namespace pullwire::ingestor {
namespace {

/// Skipped lines that are logged one by one; then one in so many.
constexpr std::uint64_t kSkipsLogged = 100;
constexpr std::uint64_t kSkipsLoggedEvery = 10'000;

/// Whether it has more hashtags than a post can carry, so that a wanted one may be among
/// those that were left out. It is refused anyway: better recorded as failed than lost.
bool lacks_hashtags(const Post& post) {
  return !post.refused.empty() && post.hashtags.size() == PostLimits::kHashtags;
}

/// A position of a source with Identity::Numbers.
std::uint64_t number_of(std::string_view position) {
  std::uint64_t number = 0;
  const char* end = position.data() + position.size();
  const auto [rest, error] = std::from_chars(position.data(), end, number);
  CHECK(error == std::errc{} && rest == end);
  return number;
}

}  // namespace

/// One source with what is known of it.
class Intake::Desk : public Sink {
 public:
  Desk(Intake& intake, std::size_t index, std::unique_ptr<Source> from, const SourceState* stored,
       std::vector<SeenKey> seen_before, Metrics& metrics)
      : source{std::move(from)},
        intake_{intake},
        index_{index},
        seen_{intake.config_.seen_keep},
        sent_before_{intake.config_.sent_before},
        requests_{metrics.counter("source_requests_total", "Requests to the outside world",
                                  {{"source", std::string{source->name()}}})},
        posts_{metrics.counter("source_posts_total", "Posts read",
                               {{"source", std::string{source->name()}}})},
        filtered_{metrics.counter("source_filtered_total", "Posts without a wanted hashtag",
                                  {{"source", std::string{source->name()}}})},
        skipped_{metrics.counter("source_skipped_total", "Read, but no post, or a double",
                                 {{"source", std::string{source->name()}}})},
        errors_{metrics.counter("source_errors_total", "Failures of the outside world",
                                {{"source", std::string{source->name()}}})} {
    for (const SeenKey& key : seen_before) seen_.insert(key);
    if (stored != nullptr) {
      auto settled = SettledNumbers::parse(stored->settled);
      if (!settled) {
        throw std::runtime_error{"the state of source " + std::string{source->name()} +
                                 " is damaged: settled posts \"" + stored->settled + "\""};
      }
      settled_before_ = std::move(*settled);
      source->resume(stored->cursor);
    }
    stored_cursor_ = source->cursor(source->position());
  }

  std::optional<Time> pull(Time now, std::size_t wanted) {
    failed_ = false;
    const std::size_t asked = std::min(wanted, intake_.config_.max_span - span());
    const std::uint64_t before = intake_.read_total_;
    const auto again = source->pull(now, asked, *this);
    posts_.Increment(static_cast<double>(std::exchange(pulled_, 0)));
    CHECK(intake_.read_total_ - before <= asked + kMostBeyondWanted);  // sent_before counts on it
    if (failing_ && !failed_) {
      failing_ = false;
      log_info("source works again", {{"source", source->name()}});
    }
    return again;
  }

  void requested() override { requests_.Increment(); }

  void post(const Post& post, std::string_view position) override {
    ++pulled_;
    if (!intake_.filter_.matches(post) && !lacks_hashtags(post)) {
      filtered_.Increment();
      ++intake_.filtered_total_;
      return;
    }
    const bool numbered = source->identity() == Source::Identity::Numbers;
    if (numbered && settled_before_.contains(number_of(position))) return;
    const SeenKey key = numbered ? SeenKey{} : seen_key(post.post_id);
    if (!numbered && !seen_.insert(key)) {
      // After a restart this is how what was settled is passed over: nothing to warn of.
      skipped_.Increment();
      ++intake_.skipped_total_;
      log_debug("read before", {{"source", source->name()}, {"post", post.post_id}});
      return;
    }
    ++intake_.read_total_;
    const bool redelivered = sent_before_ > 0;
    if (redelivered) --sent_before_;
    std::string bytes = intake_.spare_.take();
    wire::encode_post(post, bytes);
    intake_.emit_({.bytes = std::move(bytes),
                   .source = index_,
                   .ordinal = cursor.read(std::string{position}),
                   .key = key},
                  redelivered);
  }

  void skipped(std::string_view where, std::string_view why) override {
    skipped_.Increment();
    const std::uint64_t count = ++skips_;
    ++intake_.skipped_total_;
    if (count <= kSkipsLogged || count % kSkipsLoggedEvery == 0) {
      log_warn(
          "skipped",
          {{"source", source->name()}, {"at", where}, {"reason", why}, {"skipped_so_far", count}});
    }
  }

  void error(std::string_view why) override {
    errors_.Increment();
    failed_ = true;
    if (failing_) return;
    failing_ = true;
    log_warn("source fails", {{"source", source->name()}, {"reason", why}});
  }

  [[nodiscard]] bool failing() const { return failing_; }
  [[nodiscard]] std::size_t sent_before() const { return sent_before_; }

  /// Posts read from the stored cursor on: a kill would have them sent again.
  [[nodiscard]] std::size_t span() const {
    if (source->identity() == Source::Identity::Nothing) return cursor.span();
    return static_cast<std::size_t>(cursor.lowest() - stored_) + cursor.span();
  }
  [[nodiscard]] bool full() const { return span() >= intake_.config_.max_span; }

  void settle(const PostInHand& post) {
    cursor.settle(post.ordinal);
    if (source->identity() == Source::Identity::Ids) newly_seen_.push_back(post.key);
    moved_ = true;
  }

  /// Nothing if all is stored.
  std::optional<SourceChange> take_change() {
    if (source->identity() == Source::Identity::Nothing) return std::nullopt;
    const auto lowest = cursor.lowest_unsettled();
    const std::string position = lowest ? std::string{*lowest} : source->position();
    std::string durable = source->cursor(position);
    if (!moved_ && durable == stored_cursor_) return std::nullopt;
    moved_ = false;
    stored_cursor_ = durable;
    taken_ = cursor.lowest();
    return SourceChange{.source = std::string{source->name()},
                        .cursor = std::move(durable),
                        .settled = settled_above(position),
                        .seen = std::exchange(newly_seen_, {})};
  }

  void stored() { stored_ = taken_; }

  void give_back(SourceChange change) {
    moved_ = true;
    change.seen.insert(change.seen.end(), newly_seen_.begin(), newly_seen_.end());
    newly_seen_ = std::move(change.seen);
  }

  std::unique_ptr<Source> source;
  Cursor cursor;
  Time next{};  ///< not to be asked before
  bool ended = false;

 private:
  /// What this run settled and what the ones before did: those are not read yet, perhaps.
  std::string settled_above(const std::string& position) {
    if (source->identity() != Source::Identity::Numbers) return {};
    settled_before_.forget_below(number_of(position));
    SettledNumbers settled = cursor.settled_above();
    settled.join(settled_before_);
    return settled.text();
  }

  Intake& intake_;
  std::size_t index_;
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
  bool failing_ = false;
  bool failed_ = false;
  Counter& requests_;
  Counter& posts_;
  Counter& filtered_;
  Counter& skipped_;
  Counter& errors_;
};

Intake::Intake(std::vector<std::unique_ptr<Source>> sources, HashtagFilter filter, Config config,
               State& state, Metrics& metrics, Emit emit)
    : filter_{std::move(filter)}, config_{config}, emit_{std::move(emit)} {
  const auto states = state.sources();
  for (auto& source : sources) {
    const std::string name{source->name()};
    const auto stored = states.find(name);
    desks_.push_back(std::make_unique<Desk>(*this, desks_.size(), std::move(source),
                                            stored == states.end() ? nullptr : &stored->second,
                                            state.seen(name), metrics));
  }
}

Intake::~Intake() = default;

std::optional<Time> Intake::pull(Time now, std::size_t wanted) {
  std::optional<Time> again;
  const std::uint64_t enough = read_total_ + wanted;
  for (std::size_t i = 0; i < desks_.size(); ++i) {
    Desk& desk = *desks_[(next_ + i) % desks_.size()];
    if (desk.ended || desk.full()) continue;
    if (desk.next <= now && read_total_ < enough) {
      const auto next = desk.pull(now, static_cast<std::size_t>(enough - read_total_));
      desk.ended = !next;
      if (!next && desk.failing()) {
        broken_ = true;
        log_error("source has ended before its end", {{"source", desk.source->name()}});
        continue;
      }
      if (!next) {
        log_info("source has ended", {{"source", desk.source->name()}});
        continue;
      }
      desk.next = *next;
    }
    again = again ? std::min(*again, desk.next) : desk.next;
  }
  if (!desks_.empty()) next_ = (next_ + 1) % desks_.size();
  return again;
}

void Intake::settle(PostInHand post) {
  desks_[post.source]->settle(post);
  spare_.give(std::move(post.bytes));
}

std::vector<SourceChange> Intake::take_changes() {
  std::vector<SourceChange> changes;
  for (const auto& desk : desks_) {
    if (auto change = desk->take_change()) changes.push_back(std::move(*change));
  }
  return changes;
}

Intake::Desk& Intake::desk_of(const SourceChange& change) {
  return **std::find_if(desks_.begin(), desks_.end(),
                        [&](const auto& desk) { return desk->source->name() == change.source; });
}

void Intake::stored(const std::vector<SourceChange>& changes) {
  for (const SourceChange& change : changes) desk_of(change).stored();
}

void Intake::give_back(std::vector<SourceChange> changes) {
  for (SourceChange& change : changes) desk_of(change).give_back(std::move(change));
}

bool Intake::ended() const {
  return std::all_of(desks_.begin(), desks_.end(), [](const auto& desk) { return desk->ended; });
}

std::size_t Intake::lag() const {
  std::size_t lag = 0;
  for (const auto& desk : desks_) lag = std::max(lag, desk->span());
  return lag;
}

bool Intake::waits_for_store() const {
  return std::any_of(desks_.begin(), desks_.end(), [](const auto& desk) {
    return !desk->ended && desk->full() && desk->span() > desk->cursor.span();
  });
}

std::size_t Intake::sent_before() const {
  std::size_t posts = 0;
  for (const auto& desk : desks_) posts = std::max(posts, desk->sent_before());
  return posts;
}

}  // namespace pullwire::ingestor
