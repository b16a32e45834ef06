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
  if (gate_) raise_all();
}

std::uint64_t Consumer::settle(SessionId id, SeqRange events, Outcome outcome) {
  const auto it = sessions_.find(id);
  if (it == sessions_.end()) return 0;
  Session& session = it->second;
  CHECK(1 <= events.first && events.first <= events.last && events.last <= session.received);
  const std::uint64_t fresh = session.settled.add(events);
  CHECK(fresh == events.last - events.first + 1);  // I10: once each
  if (outcome == Outcome::Released) session.released.add(events);
  granted_ -= fresh;
  in_flight_ -= fresh;
  mark(id, session);
  raise(id, session);
  if (short_) raise_all();
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

std::uint64_t Consumer::in_flight(SessionId session) const {
  const auto it = sessions_.find(session);
  return it == sessions_.end() ? 0 : it->second.in_flight();
}

void Consumer::open(SessionId id) {
  const bool fresh = sessions_.try_emplace(id).second;
  CHECK(fresh);
  if (gate_) raise_all();
}

void Consumer::close(SessionId id) {
  granted_ -= at(id).granted();
  in_flight_ -= at(id).in_flight();
  sessions_.erase(id);
  if (gate_) raise_all();
}

std::optional<ErrorCode> Consumer::receive(const DataHead& data) {
  Session& session = at(data.session);
  if (data.first != session.received + 1) return ErrorCode::Gap;                        // I8
  if (data.count > session.limit - session.received) return ErrorCode::CreditExceeded;  // I1
  session.received += data.count;
  in_flight_ += data.count;
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

void Consumer::stop(SessionId id) {
  Session& session = at(id);
  session.stopped = true;
  ask_back(id, session);
}

std::vector<SessionId> Consumer::take_drains() {
  std::vector<SessionId> drains = std::exchange(drains_, {});
  std::erase_if(drains, [this](SessionId id) { return !sessions_.contains(id); });
  return drains;
}

std::optional<ErrorCode> Consumer::take(const Drained& drained) {
  Session& session = at(drained.session);
  if (!session.draining) return ErrorCode::Invalid;
  if (drained.last != session.received) return ErrorCode::Gap;
  session.draining = false;
  granted_ -= session.limit - session.received;
  session.limit = session.received;
  mark(drained.session, session);
  raise_all();
  return std::nullopt;
}

bool Consumer::finished(SessionId id) const {
  const Session& session = sessions_.at(id);
  return session.stopped && !session.draining && session.in_flight() == 0;
}

Credit Consumer::state(SessionId id) {
  Session& session = at(id);
  session.announced_limit = session.limit;
  session.dirty = false;
  return {.session = id,
          .limit = session.draining ? 0 : session.limit,  // what is asked back is not repeated
          .cum = session.settled.cum(),
          .settled = session.settled.ranges_above(session.settled.cum()),
          .released = session.released.ranges_above(session.confirmed)};
}

Consumer::Session& Consumer::at(SessionId session) {
  const auto it = sessions_.find(session);
  CHECK(it != sessions_.end());
  return it->second;
}

/// What one session may have granted and unsettled. All shares together fit the budget.
std::uint32_t Consumer::share() const {
  if (budget_ == Budget::Each || sessions_.empty()) return demand_.max;
  return std::max<std::uint32_t>(1, demand_.max / static_cast<std::uint32_t>(sessions_.size()));
}

/// limit = settled + window, as far as the budget allows. A limit that was granted stands
/// even if the window has become smaller since: it just does not grow.
void Consumer::raise(SessionId id, Session& session) {
  if (!gate_ || session.stopped || session.draining) return;
  const std::uint64_t window = share();
  if (session.granted() >= window) return;
  std::uint64_t more = window - session.granted();
  if (budget_ == Budget::Shared) {
    const std::uint64_t free = demand_.max - granted_;
    short_ = short_ || free < more;
    more = std::min(more, free);
    if (more == 0) return;
  }
  session.limit += more;
  granted_ += more;
  CHECK(session.granted() <= demand_.max);                    // I2
  CHECK(budget_ == Budget::Each || granted_ <= demand_.max);  // I7
  mark(id, session);
}

/// Raises all limits. If the budget does not reach, whoever holds unused credit beyond his
/// share is asked for it: he may have nothing to use it for, and keep it for ever.
void Consumer::raise_all() {
  short_ = false;
  for (auto& [id, session] : sessions_) raise(id, session);
  if (!short_) return;
  for (auto& [id, session] : sessions_) {
    if (session.granted() > share() && session.limit > session.received) ask_back(id, session);
  }
}

void Consumer::ask_back(SessionId id, Session& session) {
  if (session.draining) return;
  session.draining = true;
  drains_.push_back(id);
}

void Consumer::mark(SessionId id, Session& session) {
  if (session.dirty) return;
  session.dirty = true;
  dirty_.push_back(id);
}

}  // namespace pullwire::flow
