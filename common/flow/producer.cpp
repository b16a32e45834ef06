#include "common/flow/producer.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "common/flow/check.hpp"

namespace pullwire::flow {
namespace {

constexpr int kMaxAttempts = std::numeric_limits<std::uint16_t>::max();

/// Whether the ranges ascend without overlap, all above `floor` and at most `last`.
bool ascending(const std::vector<SeqRange>& ranges, Seq floor, Seq last) {
  for (const SeqRange& range : ranges) {
    if (range.first <= floor || range.last < range.first || range.last > last) return false;
    floor = range.last;
  }
  return true;
}

}  // namespace

bool Producer::Rank::operator<(const Rank& other) const {
  if (credit != other.credit) return credit > other.credit;
  if (last_turn != other.last_turn) return last_turn < other.last_turn;
  return session < other.session;
}

Producer::Producer(Config config) : config_{config} {
  CHECK(config_.batch_events >= 1);
}

void Producer::offer(EventTag event, std::size_t bytes, bool redelivered) {
  CHECK(bytes <= std::numeric_limits<std::uint32_t>::max());
  queue_.push_back(
      {.event = event, .bytes = static_cast<std::uint32_t>(bytes), .redelivered = redelivered});
  ++offered_total_;
}

std::optional<Producer::Batch> Producer::next() {
  if (isolated_) {
    const Session& session = at(*isolated_);
    if (session.dry() || (suspects_.empty() && session.in_flight() == 0)) end_isolation();
  }
  if (!suspects_.empty()) {
    if (!isolated_) isolate();
    if (isolated_ && at(*isolated_).in_flight() == 0) {
      return send(*isolated_, at(*isolated_), suspects_, 1);
    }
  }
  if (queue_.empty() || ranks_.empty()) return std::nullopt;
  const SessionId id = ranks_.begin()->session;
  Session& session = at(id);
  const std::uint64_t quarter = std::max<std::uint64_t>(1, session.max_demand / 4);
  const std::uint64_t most = std::min({session.credit(), quarter, config_.batch_events});
  return send(id, session, queue_, static_cast<std::size_t>(most));
}

Producer::Batch Producer::send(SessionId id, Session& session, std::deque<Item>& from,
                               std::size_t at_most) {
  unrank(id, session);
  session.last_turn = ++turns_;
  const Seq first = session.sent + 1;
  batch_.clear();
  std::size_t bytes = 0;
  while (!from.empty() && batch_.size() < at_most) {
    const Item& item = from.front();
    if (!batch_.empty() && bytes + item.bytes > config_.batch_bytes) break;
    bytes += item.bytes;
    const bool give_up = config_.max_attempts > 0 && item.deaths >= config_.max_attempts;
    const int attempts = std::min<int>(item.deaths + (give_up ? 0 : 1), kMaxAttempts);
    batch_.push_back({item.event,
                      {.redelivered = item.redelivered,
                       .give_up = give_up,
                       .attempts = static_cast<std::uint16_t>(attempts)},
                      item.returned_at});
    session.unsettled.push_back(item);
    from.pop_front();
    ++session.sent;
    ++in_flight_;
  }
  CHECK(!session.stopped);                           // I14: nothing after the last word
  CHECK(session.sent <= session.limit);              // I1: never more than granted
  CHECK(session.in_flight() <= session.max_demand);  // I2: bounded by the window
  rank(id, session);
  check_conserved();
  return {id, first, bytes, batch_};
}

std::uint64_t Producer::in_flight(SessionId session) const {
  const auto it = sessions_.find(session);
  return it == sessions_.end() ? 0 : it->second.in_flight();
}

bool Producer::redelivered_waiting() const {
  const auto redelivered = [](const Item& item) { return item.redelivered; };
  return std::any_of(queue_.begin(), queue_.end(), redelivered) ||
         std::any_of(suspects_.begin(), suspects_.end(), redelivered);
}

std::vector<EventTag> Producer::take_accepted() {
  return std::exchange(accepted_, {});
}

void Producer::open(SessionId session, std::uint32_t max_demand) {
  const bool fresh = sessions_.try_emplace(session).second;
  CHECK(fresh);
  at(session).max_demand = max_demand;
}

std::optional<ErrorCode> Producer::take(const Credit& credit) {
  Session& session = at(credit.session);
  if (credit.cum > session.sent || !ascending(credit.settled, credit.cum, session.sent) ||
      !ascending(credit.released, 0, session.sent)) {
    return ErrorCode::Invalid;
  }
  std::uint64_t settled = credit.cum;
  for (const SeqRange& range : credit.settled) settled += range.last - range.first + 1;
  if (credit.limit > settled + session.max_demand) return ErrorCode::Invalid;

  unrank(credit.session, session);
  fresh_.clear();
  if (credit.cum > 0) session.settled.add({1, credit.cum}, &fresh_);
  for (const SeqRange& range : credit.settled) session.settled.add(range, &fresh_);
  requeue(settle(session, credit.released));
  if (isolated_ != credit.session && session.in_flight() == 0) session.alone = false;
  session.limit = std::max(session.limit, credit.limit);
  rank(credit.session, session);
  check_conserved();
  return std::nullopt;
}

/// Settles what is in `fresh_`. Returns what was released, for the queue.
std::vector<Producer::Item> Producer::settle(Session& session,
                                             const std::vector<SeqRange>& released) {
  std::vector<Item> returned;
  const Seq oldest = session.sent - session.unsettled.size() + 1;
  auto next = released.begin();
  for (const SeqRange& range : fresh_) {
    for (Seq seq = range.first; seq <= range.last; ++seq) {
      Item& item = session.unsettled[seq - oldest];
      CHECK(!item.settled);  // I10: an event is settled once
      item.settled = true;
      --in_flight_;
      while (next != released.end() && next->last < seq) ++next;
      if (next != released.end() && next->first <= seq) {
        returned.push_back(item);
        ++released_total_;
      } else {
        accepted_.push_back(item.event);
        ++accepted_total_;
      }
    }
  }
  while (!session.unsettled.empty() && session.unsettled.front().settled) {
    session.unsettled.pop_front();
  }
  return returned;
}

Seq Producer::drain(SessionId id) {
  Session& session = at(id);
  unrank(id, session);
  session.limit = session.sent;
  if (isolated_ == id) isolated_.reset();  // suspects move on: it may be about to leave
  return session.sent;
}

void Producer::stop(SessionId id) {
  Session& session = at(id);
  unrank(id, session);
  session.stopped = true;
  if (isolated_ == id) isolated_.reset();
}

void Producer::close(SessionId id, Ending ending, Time now) {
  Session& session = at(id);
  unrank(id, session);
  if (isolated_ == id) isolated_.reset();
  std::vector<Item> returned;
  for (Item item : session.unsettled) {
    if (item.settled) continue;
    item.redelivered = true;  // I12: whoever gets it next is told
    item.returned_at = now;
    if (ending == Ending::Died && item.deaths < kMaxAttempts) ++item.deaths;
    returned.push_back(item);
    --in_flight_;
  }
  sessions_.erase(id);
  requeue(std::move(returned));
  check_conserved();
}

void Producer::fill(Heartbeat& heartbeat) const {
  const Session& session = sessions_.at(heartbeat.session);
  heartbeat.sent = session.sent;
  heartbeat.confirmed = session.settled.cum();
}

Producer::Session& Producer::at(SessionId session) {
  const auto it = sessions_.find(session);
  CHECK(it != sessions_.end());
  return it->second;
}

void Producer::unrank(SessionId id, const Session& session) {
  const std::uint64_t credit = session.credit();
  if (credit == 0) return;
  const auto erased = ranks_.erase({credit, session.last_turn, id});
  CHECK(erased == 1);
  credit_ -= credit;
}

void Producer::rank(SessionId id, const Session& session) {
  const std::uint64_t credit = session.credit();
  if (credit == 0) return;
  ranks_.insert({credit, session.last_turn, id});
  credit_ += credit;
}

/// Puts items back to the front, in their order.
void Producer::requeue(std::vector<Item> items) {
  for (auto it = items.rbegin(); it != items.rend(); ++it) {
    it->settled = false;
    const bool suspect = config_.max_attempts > 0 && it->deaths > 0;
    (suspect ? suspects_ : queue_).push_front(*it);
  }
}

/// Sets the session with least in flight aside for events that may have killed
/// their last one: alone in flight, an event that does it again is known. One without
/// credit would keep them waiting for what may not come.
void Producer::isolate() {
  auto least = sessions_.end();
  for (auto it = sessions_.begin(); it != sessions_.end(); ++it) {
    if (it->second.stopped || it->second.limit == it->second.sent) continue;
    if (least == sessions_.end() || it->second.in_flight() < least->second.in_flight()) least = it;
  }
  if (least == sessions_.end()) return;
  unrank(least->first, least->second);
  least->second.alone = true;
  isolated_ = least->first;
}

void Producer::end_isolation() {
  Session& session = at(*isolated_);
  session.alone = false;
  rank(*isolated_, session);
  isolated_.reset();
}

/// I11: an event is in one place at a time: waiting, or in flight in one session.
void Producer::check_conserved() const {
  CHECK(offered_total_ - accepted_total_ == waiting() + in_flight_);
}

}  // namespace pullwire::flow
