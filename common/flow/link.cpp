#include "common/flow/link.hpp"

#include <algorithm>
#include <utility>

#include "common/flow/check.hpp"

namespace pullwire::flow {
namespace {

/// A tick later than this says that we stood still ourselves.
constexpr Time kStall = 2 * kHeartbeatEvery;
constexpr Time kUnknownEvery = std::chrono::milliseconds{100};

}  // namespace

Link::Link(Config config, Producer& producer)
    : config_{std::move(config)}, producer_{&producer}, random_state_{config_.seed} {
  if (is_connector()) connection_ = 1;
}

Link::Link(Config config, Consumer& consumer)
    : config_{std::move(config)}, consumer_{&consumer}, random_state_{config_.seed} {
  if (is_connector()) connection_ = 1;
}

// -- What happened -------------------------------------------------------------------

void Link::disconnected(const Route& route, Time now) {
  std::vector<SessionId> gone;
  for (const auto& [id, session] : sessions_) {
    if (session.route == route) gone.push_back(id);
  }
  for (const SessionId id : gone) end(id, Ending::Died, "disconnected", "", now);
  if (is_connector() && gone.empty() && greeting_) reconnect(now);
}

void Link::connected(Time now) {
  CHECK(is_connector());
  if (greeting_ || leaving_ || !sessions_.empty()) return;
  greeting_ = true;
  retry_at_ = now + kDeadAfter;
  outgoing_.push_back({Route{}, Hello{.role = role(),
                                      .instance = config_.instance,
                                      .number = ++hello_number_,
                                      .name = config_.name,
                                      .max_demand = config_.max_demand,
                                      .contract = config_.contract}});
}

void Link::tick(Time now) {
  const Time gap = now - last_tick_;
  if (ticked_ && gap > kStall) {
    for (auto& [id, session] : sessions_) session.judged_from += gap;
  }
  ticked_ = true;
  last_tick_ = now;

  std::vector<SessionId> silent;
  for (auto& [id, session] : sessions_) {
    if (now - session.judged_from >= kDeadAfter) {
      silent.push_back(id);
    } else if (now >= session.next_heartbeat) {
      beat(id, session, now);
    }
  }
  for (const SessionId id : silent) {
    end(id, Ending::Died, "silent", "nothing heard for 2.5 s", now);
  }
  if (retry_at_ && now >= *retry_at_) reconnect(now);
  part_from_finished(now);

  next_tick_ = now + kHeartbeatEvery;
  for (const auto& [id, session] : sessions_) {
    next_tick_ = std::min({next_tick_, session.next_heartbeat, session.judged_from + kDeadAfter});
  }
  if (retry_at_) next_tick_ = std::min(next_tick_, *retry_at_);
}

void Link::drain(Time now) {
  if (leaving_) return;
  leaving_ = true;
  retry_at_.reset();
  if (sessions_.empty()) connection_ = 0;
  if (consumer_ != nullptr) {
    for (const auto& [id, session] : sessions_) {
      consumer_->stop(id);
      outgoing_.push_back({session.route, Drain{id}});
    }
  }
  part_from_finished(now);
}

// -- What to do ----------------------------------------------------------------------

void Link::announce(Consumer::When when) {
  CHECK(consumer_ != nullptr);
  for (Credit& credit : consumer_->announce(when)) {
    const Route& to = sessions_.at(credit.session).route;
    outgoing_.push_back({to, std::move(credit)});
  }
  part_from_finished(last_tick_);
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
  return it != sessions_.end() && now - it->second.heard < kDeadAfter;
}

// -- Sessions ------------------------------------------------------------------------

Link::Session* Link::find(const Route& from, SessionId id, Time now) {
  const auto it = sessions_.find(id);
  if (it != sessions_.end() && it->second.route == from) {
    it->second.heard = now;
    it->second.judged_from = now;
    return &it->second;
  }
  ++stale_total_;  // I9: a frame of another session changes no state
  if (!is_connector() && now - unknown_answered_ >= kUnknownEvery) {
    unknown_answered_ = now;
    outgoing_.push_back({from, Error{.session = id,
                                     .number = 0,
                                     .code = ErrorCode::UnknownSession,
                                     .text = "no such session"}});
  }
  return nullptr;
}

void Link::open(SessionId id, Session session, std::uint32_t peer_max_demand) {
  for (const auto& [other, existing] : sessions_) {
    CHECK(existing.peer.instance != session.peer.instance);  // I13
  }
  last_refusal_.clear();
  changes_.push_back(Opened{id, session.peer});
  sessions_.emplace(id, std::move(session));
  if (producer_ != nullptr) producer_->open(id, peer_max_demand);
  if (consumer_ != nullptr) consumer_->open(id);
}

void Link::end(SessionId id, Ending ending, std::string_view reason, std::string detail, Time now) {
  const auto it = sessions_.find(id);
  CHECK(it != sessions_.end());
  changes_.push_back(Ended{id, it->second.peer, std::string{reason}, std::move(detail)});
  sessions_.erase(it);
  if (producer_ != nullptr) producer_->close(id, ending);
  if (consumer_ != nullptr) consumer_->close(id);
  if (is_connector()) reconnect(now);
}

/// The peer broke the protocol: tells it and ends the session. A connector waits
/// before it tries again, lest two that misunderstand each other keep a loop busy.
void Link::violate(SessionId id, ErrorCode code, std::string detail, Time now) {
  outgoing_.push_back(
      {sessions_.at(id).route, Error{.session = id, .number = 0, .code = code, .text = detail}});
  end(id, Ending::Parted, to_text(code), std::move(detail), now);
  if (is_connector()) retry_later(now);
}

/// Connector: keeps the connection, to be closed and made anew after a while.
void Link::retry_later(Time now) {
  const auto half = static_cast<std::uint64_t>((kRetryAfter / 2).count());
  retry_at_ = now + kRetryAfter / 2 + Time{static_cast<Time::rep>(random() % half)};
  greeting_ = true;  // a hello is not due before then
  next_tick_ = std::min(next_tick_, *retry_at_);
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

void Link::beat(SessionId id, Session& session, Time now) {
  session.next_heartbeat = now + kHeartbeatEvery;
  Heartbeat heartbeat{.session = id,
                      .sessions = static_cast<std::uint32_t>(sessions_.size()),
                      .credit = std::nullopt,
                      .gauges = gauges_};
  if (producer_ != nullptr) producer_->fill(heartbeat);
  if (consumer_ != nullptr) heartbeat.credit = consumer_->state(id);
  outgoing_.push_back({session.route, std::move(heartbeat)});
}

/// Connector: a new connection and hello, on any doubt (libzmq reconnects silently and
/// keeps what it had queued, so an old connection is never used again).
void Link::reconnect(Time now) {
  greeting_ = false;
  retry_at_.reset();
  if (leaving_) {
    connection_ = 0;
    return;
  }
  ++connection_;
  next_tick_ = std::min(next_tick_, now + kHeartbeatEvery);
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
