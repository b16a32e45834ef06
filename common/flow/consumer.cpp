#include "common/flow/consumer.hpp"

#include <algorithm>
#include <utility>

#include "common/flow/check.hpp"

namespace pullwire::flow {

Consumer::Consumer(Demand demand, Budget budget) : demand_{demand}, budget_{budget} {
  CHECK(demand.max >= 1 && demand.min < demand.max);
}

void Consumer::set_gate(bool open) {
  gate_ = open;
  if (!gate_) return;
  for (auto& [id, session] : sessions_) raise(id, session);
}

std::uint64_t Consumer::settle(SessionId id, SeqRange events, Outcome outcome) {
  const auto it = sessions_.find(id);
  if (it == sessions_.end()) return 0;
  Session& session = it->second;
  CHECK(1 <= events.first && events.first <= events.last && events.last <= session.received);
  const std::uint64_t fresh = session.settled.add(events);
  CHECK(fresh == events.last - events.first + 1);  // I10: once each
  if (outcome == Outcome::Released) session.released.add(events);
  mark(id, session);
  raise(id, session);
  return fresh;
}

std::vector<Credit> Consumer::announce(When when) {
  std::vector<Credit> credits;
  const std::uint64_t least = std::uint64_t{share()} * demand_.min / demand_.max;
  for (const SessionId id : std::exchange(dirty_, {})) {
    const auto it = sessions_.find(id);
    if (it == sessions_.end() || !it->second.dirty) continue;  // ended, or told meanwhile
    Session& session = it->second;
    const std::uint64_t granted =
        session.announced_limit - std::min(session.announced_limit, session.settled.count());
    session.dirty = false;
    if (when == When::BeforeSleep || granted <= least) {
      credits.push_back(state(id));
    } else {
      mark(id, session);
    }
  }
  return credits;
}

std::uint64_t Consumer::credit() const {
  std::uint64_t sum = 0;
  for (const auto& [id, session] : sessions_) {
    if (!session.drained) sum += session.limit - session.received;
  }
  return sum;
}

std::uint64_t Consumer::in_flight() const {
  std::uint64_t sum = 0;
  for (const auto& [id, session] : sessions_) sum += session.in_flight();
  return sum;
}

std::uint64_t Consumer::in_flight(SessionId session) const {
  const auto it = sessions_.find(session);
  return it == sessions_.end() ? 0 : it->second.in_flight();
}

std::uint64_t Consumer::unsettled_grants() const {
  return credit() + in_flight();
}

void Consumer::open(SessionId id) {
  const bool fresh = sessions_.try_emplace(id).second;
  CHECK(fresh);
  raise(id, at(id));
}

void Consumer::close(SessionId id) {
  const auto erased = sessions_.erase(id);
  CHECK(erased == 1);
  if (gate_) {
    for (auto& [other, session] : sessions_) raise(other, session);
  }
}

std::optional<ErrorCode> Consumer::receive(const DataHead& data) {
  Session& session = at(data.session);
  if (session.drained) return ErrorCode::Invalid;                                       // I14
  if (data.first != session.received + 1) return ErrorCode::Gap;                        // I8
  if (data.count > session.limit - session.received) return ErrorCode::CreditExceeded;  // I1
  session.received += data.count;
  return std::nullopt;
}

std::optional<ErrorCode> Consumer::take(const Heartbeat& heartbeat) {
  Session& session = at(heartbeat.session);
  if (heartbeat.sent > session.received) return ErrorCode::Gap;
  if (heartbeat.confirmed > session.settled.cum()) return ErrorCode::Invalid;
  if (heartbeat.confirmed > session.confirmed) {
    session.confirmed = heartbeat.confirmed;
    session.released.add({1, session.confirmed});  // one range instead of many
  }
  return std::nullopt;
}

void Consumer::stop(SessionId session) {
  at(session).stopped = true;
}

std::optional<ErrorCode> Consumer::take(const Drained& drained) {
  Session& session = at(drained.session);
  if (!session.stopped) return ErrorCode::Invalid;
  if (drained.last != session.received) return ErrorCode::Gap;
  session.drained = true;
  return std::nullopt;
}

bool Consumer::finished(SessionId id) const {
  const Session& session = sessions_.at(id);
  return session.drained && session.in_flight() == 0;
}

bool Consumer::drained(SessionId id) const {
  return sessions_.at(id).drained;
}

Credit Consumer::state(SessionId id) {
  Session& session = at(id);
  session.announced_limit = session.limit;
  session.dirty = false;
  return {.session = id,
          .limit = session.limit,
          .cum = session.settled.cum(),
          .settled = session.settled.ranges_above(session.settled.cum()),
          .released = session.released.ranges_above(session.confirmed)};
}

Consumer::Session& Consumer::at(SessionId session) {
  const auto it = sessions_.find(session);
  CHECK(it != sessions_.end());
  return it->second;
}

/// What one session may have granted and unsettled.
std::uint32_t Consumer::share() const {
  if (budget_ == Budget::Each || sessions_.empty()) return demand_.max;
  return std::max<std::uint32_t>(1, demand_.max / static_cast<std::uint32_t>(sessions_.size()));
}

/// limit = settled + window. A limit that was granted stands even if the window has
/// become smaller since: it just does not grow until the rest has been used.
void Consumer::raise(SessionId id, Session& session) {
  if (!gate_ || session.stopped) return;
  const Seq limit = session.settled.count() + share();
  if (limit <= session.limit) return;
  session.limit = limit;
  CHECK(session.limit - session.settled.count() <= demand_.max);  // I2
  mark(id, session);
}

void Consumer::mark(SessionId id, Session& session) {
  if (session.dirty) return;
  session.dirty = true;
  dirty_.push_back(id);
}

}  // namespace pullwire::flow
