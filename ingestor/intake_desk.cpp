#include "ingestor/intake_desk.hpp"

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
/// Different troubles that are logged before a source works again.
constexpr std::size_t kTroublesLogged = 32;

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

Intake::Desk::Desk(Intake& intake, std::size_t index, FilteredSource from,
                   const SourceState* stored, std::vector<SeenKey> seen_before, Metrics& metrics)
    : source{std::move(from.source)},
      intake_{intake},
      index_{index},
      own_filter_{std::move(from.filter)},
      seen_{intake.config_.seen_keep},
      sent_before_{replays() ? 0 : intake.config_.sent_before},
      requests_{metrics.counter("source_requests_total", "Requests to the outside world",
                                {{"source", std::string{source->name()}}})},
      posts_{metrics.counter("source_posts_total", "Posts read",
                             {{"source", std::string{source->name()}}})},
      filtered_{metrics.counter("source_filtered_total", "Posts that are not wanted",
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
  source->on_news([this] { next = Time{}; });
}

std::optional<Time> Intake::Desk::pull(Time now, std::size_t wanted) {
  const std::size_t asked = std::min(wanted, intake_.config_.max_span - span());
  const std::uint64_t before = intake_.read_total_;
  const auto again = source->pull(now, asked, *this);
  posts_.Increment(static_cast<double>(std::exchange(pulled_, 0)));
  CHECK(intake_.read_total_ - before <= asked + kMostBeyondWanted);  // sent_before counts on it
  return again;
}

void Intake::Desk::post(const Post& post, const Traits& traits, std::string_view position) {
  ++pulled_;
  if (!replays() && !wanted(post, traits)) {
    filtered_.Increment();
    ++intake_.filtered_total_;
    return;
  }
  const bool numbered = source->identity() == Source::Identity::Numbers;
  if (numbered && settled_before_.contains(number_of(position))) return;
  const SeenKey key = numbered && !intake_.replays_ ? SeenKey{} : seen_key(post.post_id);
  if (!numbered && !replays() && seen_before(post, traits, key)) return;
  ++intake_.read_total_;
  bool redelivered = sent_before_ > 0;
  if (redelivered) --sent_before_;
  // Which ones were out when the run before was killed is not known: any may have been.
  if (replays()) redelivered = intake_.config_.sent_before > 0;
  std::string bytes = intake_.spare_.take();
  wire::encode_post(post, bytes);
  intake_.give({.bytes = std::move(bytes),
                .source = index_,
                .ordinal = cursor.read(std::string{position}),
                .key = key},
               redelivered);
}

bool Intake::Desk::seen_before(const Post& post, const Traits& traits, const SeenKey& key) {
  if (seen_.insert(key)) return false;
  // After a restart this is how what was settled is passed over: nothing to warn of.
  if (!traits.again) {
    skipped_.Increment();
    ++intake_.skipped_total_;
  }
  log_debug("read before", {{"source", source->name()}, {"post", post.post_id}});
  return true;
}

void Intake::Desk::old(std::string_view post_id) {
  const SeenKey key = seen_key(post_id);
  if (!seen_.insert(key)) return;
  newly_seen_.push_back(key);
  moved_ = true;
}

void Intake::Desk::skipped(std::string_view where, std::string_view why) {
  skipped_.Increment();
  const std::uint64_t count = ++skips_;
  ++intake_.skipped_total_;
  if (count <= kSkipsLogged || count % kSkipsLoggedEvery == 0) {
    log_warn(
        "skipped",
        {{"source", source->name()}, {"at", where}, {"reason", why}, {"skipped_so_far", count}});
  }
}

void Intake::Desk::error(std::string_view why) {
  errors_.Increment();
  // Several that take turns are told once each.
  if (troubles_.size() >= kTroublesLogged || !troubles_.emplace(why).second) return;
  log_warn("source fails", {{"source", source->name()}, {"reason", why}});
}

void Intake::Desk::works() {
  if (troubles_.empty()) return;
  troubles_.clear();
  log_info("source works again", {{"source", source->name()}});
}

std::string Intake::Desk::trouble() const {
  if (troubles_.empty()) return "";
  return "source " + std::string{source->name()} + " fails: " + *troubles_.begin();
}

std::optional<SourceChange> Intake::Desk::take_change() {
  if (!has_cursor()) return std::nullopt;
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

void Intake::Desk::give_back(SourceChange change) {
  moved_ = true;
  change.seen.insert(change.seen.end(), newly_seen_.begin(), newly_seen_.end());
  newly_seen_ = std::move(change.seen);
}

bool Intake::Desk::wanted(const Post& post, const Traits& traits) const {
  return (traits.matches || intake_.filter_.matches(post) || lacks_hashtags(post)) &&
         own_filter_.matches(post, traits);
}

std::string Intake::Desk::settled_above(const std::string& position) {
  if (source->identity() != Source::Identity::Numbers) return {};
  settled_before_.forget_below(number_of(position));
  SettledNumbers settled = cursor.settled_above();
  settled.join(settled_before_);
  return settled.text();
}

}  // namespace pullwire::ingestor
