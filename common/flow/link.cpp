#include "common/flow/link.hpp"

#include <algorithm>
#include <utility>

#include "common/flow/check.hpp"

namespace pullwire::flow {
namespace {

/// A tick later than this says that we stood still ourselves.
constexpr Time kStall = 2 * kHeartbeatEvery;
/// What is read so soon after a stall may have waited for us. Shorter than a heartbeat: peers
/// that stood still together trust each other at the second one, not now and then at the third.
constexpr Time kStaleFor = kHeartbeatEvery * 4 / 5;
/// A connector's heartbeat is due a little after its peer's, and goes along with it.
constexpr Time kBehindPeer = kHeartbeatEvery / 20;
/// Longer than a silence needs to show: whoever cannot be reached is silent, not greedy.
constexpr Time kDrainWithin = 2 * kDeadAfter;

}  // namespace

Link::Link(Config config, Producer& producer)
    : config_{std::move(config)}, producer_{&producer}, random_state_{config_.seed} {}

Link::Link(Config config, Consumer& consumer)
    : config_{std::move(config)}, consumer_{&consumer}, random_state_{config_.seed} {}

// -- What happened -------------------------------------------------------------------

void Link::disconnected(const Route& route, Time now) {
  std::vector<SessionId> gone;
  for (const auto& [id, session] : sessions_) {
    if (session.route == route) gone.push_back(id);
  }
  for (const SessionId id : gone) end(id, Ending::Died, "disconnected", "", now);
  if (is_connector() && stage_ == Stage::Greeting) rest(now, kRetrySoon);
}

void Link::connected(Time now) {
  CHECK(is_connector());
  if (stage_ != Stage::Connecting) return;
  stage_ = Stage::Greeting;
  until_ = now + kDeadAfter;
  next_tick_ = std::min(next_tick_, *until_);
  not_again_before_ = now + kRetryAfter / 2;
  outgoing_.push_back({Route{}, Hello{.role = role(),
                                      .instance = config_.instance,
                                      .number = ++hello_number_,
                                      .name = config_.name,
                                      .max_demand = config_.max_demand,
                                      .contract = config_.contract}});
}

void Link::tick(Time now) {
  if (stalled(now)) {
    trusted_from_ = now + kStaleFor;
    for (auto& [id, session] : sessions_) {
      session.judged_from = std::min(now, session.judged_from + (now - *last_tick_));
      session.draining_since.reset();
    }
  }
  last_tick_ = now;

  std::vector<SessionId> silent;
  std::vector<SessionId> greedy;
  for (auto& [id, session] : sessions_) {
    if (now - session.judged_from >= kDeadAfter) {
      silent.push_back(id);
    } else if (ignores_drain(id, session, now)) {
      greedy.push_back(id);
    } else if (now >= session.next_heartbeat) {
      beat(id, session, now);
    }
  }
  for (const SessionId id : silent) {
    end(id, Ending::Died, "silent", "nothing heard for 2.5 s", now);
  }
  for (const SessionId id : greedy) {
    violate(id, ErrorCode::Invalid, "a drain not answered for 5 s", now);
  }
  if (until_ && now >= *until_) connect_anew();
  part_from_finished(now);

  next_tick_ = now + beat_period();
  for (const auto& [id, session] : sessions_) {
    next_tick_ = std::min({next_tick_, session.next_heartbeat, session.judged_from + kDeadAfter});
  }
  if (until_) next_tick_ = std::min(next_tick_, *until_);
}

void Link::drain(Time now) {
  if (leaving_) return;
  leaving_ = true;
  if (is_connector() && sessions_.empty()) begin_again(now);
  for (const auto& [id, session] : sessions_) {
    producer_ != nullptr ? producer_->stop(id) : consumer_->stop(id);
  }
  ask_for_drains();
  part_from_finished(now);
}

// -- What to do ----------------------------------------------------------------------

void Link::announce(Consumer::When when) {
  CHECK(consumer_ != nullptr);
  for (Credit& credit : consumer_->announce(when)) {
    const Route& to = sessions_.at(credit.session).route;
    outgoing_.push_back({to, std::move(credit)});
  }
  ask_for_drains();
  part_from_finished(last_tick_.value_or(Time::zero()));
}

void Link::ask_for_drains() {
  if (consumer_ == nullptr) return;
  for (const SessionId id : consumer_->take_drains()) {
    outgoing_.push_back({sessions_.at(id).route, Drain{id}});
  }
}

std::vector<Link::Outgoing> Link::take_outgoing() {
  return std::exchange(outgoing_, {});
}
std::vector<Link::Change> Link::take_changes() {
  return std::exchange(changes_, {});
}
std::vector<Link::Gauges> Link::take_gauges() {
  return std::exchange(received_gauges_, {});
}

// -- State ---------------------------------------------------------------------------

const Route* Link::route(SessionId session) const {
  const auto it = sessions_.find(session);
  return it == sessions_.end() ? nullptr : &it->second.route;
}

bool Link::heard_lately(SessionId session, Time now) const {
  const auto it = sessions_.find(session);
  return it != sessions_.end() && !stalled(now) && it->second.heard >= trusted_from_ &&
         now - it->second.heard < kDeadAfter;
}

/// Whether no tick came for so long that we must have stood still.
bool Link::stalled(Time now) const {
  return last_tick_ && now - *last_tick_ > kStall;
}

/// Whether the peer keeps for itself what was asked back: others may wait for it.
bool Link::ignores_drain(SessionId id, Session& session, Time now) const {
  if (consumer_ == nullptr || !consumer_->draining(id)) return false;
  if (!session.draining_since) session.draining_since = now;
  return now - *session.draining_since >= kDrainWithin;
}

// -- Sessions ------------------------------------------------------------------------

void Link::tell_refusal(const std::string& text) {
  if (refusals_.size() >= kRefusalsTold || !refusals_.insert(text).second) return;
  changes_.push_back(Refused{text});
}

void Link::open(SessionId id, Session session, std::uint32_t peer_max_demand) {
  for (const auto& [other, existing] : sessions_) {
    CHECK(existing.peer.instance != session.peer.instance);  // I13
  }
  refusals_.clear();
  changes_.push_back(Opened{id, session.peer});
  sessions_.emplace(id, std::move(session));
  if (producer_ != nullptr) producer_->open(id, peer_max_demand);
  if (consumer_ != nullptr) consumer_->open(id);
}

void Link::end(SessionId id, Ending ending, std::string_view reason, std::string detail, Time now) {
  const auto it = sessions_.find(id);
  CHECK(it != sessions_.end());
  // Not heard again after our own stall: it gave us up, no event of ours did it harm.
  if (stalled(now) || it->second.heard < trusted_from_) ending = Ending::Parted;
  const std::uint64_t unsettled =
      producer_ != nullptr ? producer_->in_flight(id) : consumer_->in_flight(id);
  changes_.push_back(Ended{id, it->second.peer, std::string{reason}, std::move(detail), unsettled});
  sessions_.erase(it);
  std::erase_if(received_gauges_, [&](const Gauges& gauges) { return gauges.session == id; });
  if (producer_ != nullptr) producer_->close(id, ending, now);
  if (consumer_ != nullptr) consumer_->close(id);
  if (is_connector()) begin_again(now);
}

/// The peer broke the protocol: tells it and ends the session.
void Link::violate(SessionId id, ErrorCode code, std::string detail, Time now) {
  outgoing_.push_back(
      {sessions_.at(id).route, Error{.session = id, .number = 0, .code = code, .text = detail}});
  end(id, Ending::Died, to_text(code), std::move(detail), now);
}

/// Connector: on any doubt a new connection (libzmq reconnects silently and keeps what it
/// had queued), at once unless the last hello was just now: two that misunderstand each
/// other must not keep a loop busy.
void Link::begin_again(Time now) {
  until_.reset();
  if (leaving_) {
    stage_ = Stage::Left;
  } else if (now < not_again_before_) {
    rest(now);
  } else {
    connect_anew();
  }
}

/// For half of `at_most` at least.
void Link::rest(Time now, Time at_most) {
  const auto half = static_cast<std::uint64_t>((at_most / 2).count());
  stage_ = Stage::Resting;
  until_ = now + at_most / 2 + Time{static_cast<Time::rep>(random() % half)};
  next_tick_ = std::min(next_tick_, *until_);
}

void Link::connect_anew() {
  stage_ = Stage::Connecting;
  until_.reset();
  ++connections_;
}

void Link::part(SessionId id, Time now) {
  const Route& to = sessions_.at(id).route;
  if (consumer_ != nullptr) outgoing_.push_back({to, consumer_->state(id)});
  outgoing_.push_back({to, Bye{id}});
  end(id, Ending::Parted, "goodbye", "", now);
}

void Link::part_from_finished(Time now) {
  if (!leaving_) return;
  std::vector<SessionId> finished;
  for (const auto& [id, session] : sessions_) {
    if (consumer_ != nullptr ? consumer_->finished(id) : producer_->in_flight(id) == 0) {
      finished.push_back(id);
    }
  }
  for (const SessionId id : finished) part(id, now);
}

Time Link::beat_period() const {
  return is_connector() ? kHeartbeatEvery + kBehindPeer : kHeartbeatEvery;
}

void Link::beat(SessionId id, Session& session, Time now) {
  session.next_heartbeat = now + beat_period();
  Heartbeat heartbeat{.session = id,
                      .sessions = static_cast<std::uint32_t>(sessions_.size()),
                      .credit = std::nullopt,
                      .gauges = config_.gauges ? config_.gauges() : std::string{}};
  if (producer_ != nullptr) producer_->fill(heartbeat);
  if (consumer_ != nullptr) heartbeat.credit = consumer_->state(id);
  outgoing_.push_back({session.route, std::move(heartbeat)});
}

void Link::remember(const Instance& instance, std::uint64_t number) {
  newest_[instance] = number;
  if (newest_.size() <= 4 * config_.max_sessions) return;
  std::erase_if(newest_, [&](const auto& entry) {
    return entry.first != instance &&
           std::none_of(sessions_.begin(), sessions_.end(), [&](const auto& session) {
             return session.second.peer.instance == entry.first;
           });
  });
}

/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
std::uint64_t Link::random() {
  random_state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t z = random_state_;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

}  // namespace pullwire::flow
