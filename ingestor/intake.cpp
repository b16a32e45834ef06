#include "ingestor/intake.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/flow/check.hpp"
#include "common/ops/log.hpp"
#include "ingestor/intake_desk.hpp"

namespace pullwire::ingestor {

Intake::Intake(std::vector<FilteredSource> sources, HashtagFilter filter, Config config,
               State& state, Metrics& metrics, Emit emit)
    : filter_{std::move(filter)}, config_{config}, emit_{std::move(emit)} {
  const auto states = state.sources();
  replays_ = std::any_of(sources.begin(), sources.end(), [](const FilteredSource& source) {
    return source.source->identity() == Source::Identity::Replayed;
  });
  for (FilteredSource& source : sources) {
    const std::string name{source.source->name()};
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
  if (!replays_) return;
  auto settled = out_.extract(post.key);
  CHECK(!settled.empty());
  for (HeldBack& next : settled.mapped()) {
    --held_back_;
    give(std::move(next.post), next.redelivered);
  }
}

/// Sends it, unless it is out as a replayed one: after a restart a source may read a post again
/// of which some publications were recorded as deferred before.
void Intake::give(PostInHand post, bool redelivered) {
  if (replays_) {
    const auto [place, is_first] = out_.try_emplace(post.key);
    if (!is_first) {
      ++held_back_;
      place->second.push_back({std::move(post), redelivered});
      return;
    }
  }
  emit_(std::move(post), redelivered);
}

std::size_t Intake::HashOfKey::operator()(const SeenKey& key) const noexcept {
  std::size_t hash = 0;
  std::memcpy(&hash, key.data(), sizeof hash);
  return hash;
}

bool Intake::originals_settled() const {
  return std::all_of(desks_.begin(), desks_.end(), [](const auto& desk) {
    return desk->replays() || (desk->ended && desk->cursor.span() == 0);
  });
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

std::string Intake::trouble() const {
  for (const auto& desk : desks_) {
    if (std::string trouble = desk->trouble(); !trouble.empty()) return trouble;
  }
  return "";
}

bool Intake::moved() const {
  return std::any_of(desks_.begin(), desks_.end(),
                     [](const auto& desk) { return desk->has_moved(); });
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
