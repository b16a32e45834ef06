// Producer's half of a link: which event goes to which consumer, and when.
//
// Pure: no sockets, no clock. Not thread-safe. An event is a tag here; its bytes
// stay with the owner until it is settled as accepted. Takes memory in proportion to
// what waits and, per session, to the distance between its oldest unsettled event and
// its newest: the owner bounds both (the ingestor by max_span).
// Protocol: common/PROTOCOL.md, "Credit" and "Settlement". Counterpart: flow/consumer.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "common/flow/messages.hpp"

namespace pullwire::flow {

/// The owner's name for an event.
using EventTag = std::uint64_t;

/// How a session ended, as far as its events are concerned.
enum class Ending {
  Parted,  ///< goodbye, or replaced by the same process: its events were not to blame
  Died,    ///< silence, a broken connection or protocol: one of its events may be to blame
};

class Producer {
 public:
  struct Config {
    std::size_t batch_events = 500;        ///< most events in one message
    std::size_t batch_bytes = 512 * 1024;  ///< no event is added beyond this many
    /// 0: events cannot harm a consumer. Otherwise an event whose session died
    /// travels alone, and after so many attempts as one to be given up.
    std::uint16_t max_attempts = 0;
  };

  struct Sent {
    EventTag event;
    Delivery delivery;
    Time returned_at;  ///< when it last came back from a session that ended; 0: never
  };

  /// A message's worth of events. `events` is valid until the next call of `next`.
  struct Batch {
    SessionId session;
    Seq first;
    std::size_t bytes;  ///< of all events, as offered
    std::span<const Sent> events;
  };

  explicit Producer(Config config);

  /// Adds an event at the end of the queue. `bytes` is its size on the wire.
  void offer(EventTag event, std::size_t bytes, bool redelivered);

  /// Takes events from the queue for the consumer with most credit left, at most a
  /// quarter of its `max_demand`, and counts them as sent. Nothing if there is no
  /// credit or no event.
  [[nodiscard]] std::optional<Batch> next();

  /// Events offered and not sent, the ones that came back included.
  [[nodiscard]] std::size_t waiting() const noexcept { return queue_.size() + suspects_.size(); }
  /// Events that could be sent at once if they were offered now. Suspects that wait for
  /// their own session take nothing from it.
  [[nodiscard]] std::uint64_t wanted() const noexcept {
    return credit_ - std::min<std::uint64_t>(credit_, queue_.size());
  }
  /// Whether one of them may have been begun by a consumer. Looks at all of them.
  [[nodiscard]] bool redelivered_waiting() const;
  /// Events that may be sent now, over all sessions.
  [[nodiscard]] std::uint64_t credit() const noexcept { return credit_; }
  /// Events sent and not settled, over all sessions.
  [[nodiscard]] std::uint64_t in_flight() const noexcept { return in_flight_; }
  [[nodiscard]] std::uint64_t in_flight(SessionId session) const;

  /// Events settled as accepted since the last call, in the order of settlement. The
  /// owner forgets them.
  [[nodiscard]] std::vector<EventTag> take_accepted();
  [[nodiscard]] std::uint64_t released_total() const noexcept { return released_total_; }
  [[nodiscard]] std::uint64_t accepted_total() const noexcept { return accepted_total_; }

  // -- Called by the link ----------------------------------------------------------

  /// A session with a consumer that will have at most `max_demand` in flight.
  void open(SessionId session, std::uint32_t max_demand);

  /// Takes the consumer's state. Returns what is wrong with it, changing nothing,
  /// or nothing. Older states than the known one are without effect.
  [[nodiscard]] std::optional<ErrorCode> take(const Credit& credit);

  /// Gives back unused credit: more may be sent once more is granted. Returns the last
  /// sequence number sent.
  Seq drain(SessionId session);

  /// Sends nothing more in this session.
  void stop(SessionId session);

  /// Ends a session. What it had not settled goes back to the front of the queue, in
  /// order, as redelivered.
  void close(SessionId session, Ending ending, Time now);

  /// `sent` and `confirmed` for a heartbeat.
  void fill(Heartbeat& heartbeat) const;

 private:
  struct Item {  // in an order without gaps: there may be many
    EventTag event;
    std::uint32_t bytes;
    std::uint16_t deaths = 0;  ///< sessions that died with it in flight
    bool redelivered = false;
    bool settled = false;  ///< only while an older event of its session is not
    Time returned_at{};    ///< from a session that ended
  };

  struct Session {
    std::uint32_t max_demand = 0;
    Seq limit = 0;
    Seq sent = 0;
    SeqSet settled;
    std::deque<Item> unsettled;  ///< sequence numbers sent - size + 1 … sent
    std::uint64_t last_turn = 0;
    bool stopped = false;
    bool alone = false;  ///< holds a suspect, or is being emptied for one

    [[nodiscard]] std::uint64_t in_flight() const { return sent - settled.count(); }
    [[nodiscard]] std::uint64_t credit() const { return stopped || alone ? 0 : limit - sent; }
    /// Can be sent nothing, and no settlement is due that would change it.
    [[nodiscard]] bool dry() const { return in_flight() == 0 && limit == sent; }
  };

  /// Orders sessions by who is served next: most credit, then longest not served.
  struct Rank {
    std::uint64_t credit;
    std::uint64_t last_turn;
    SessionId session;
    bool operator<(const Rank& other) const;
  };

  Session& at(SessionId session);
  void unrank(SessionId id, const Session& session);
  void rank(SessionId id, const Session& session);
  std::vector<Item> settle(Session& session, const std::vector<SeqRange>& released);
  void requeue(std::vector<Item> items);
  void isolate();
  void end_isolation();
  Batch send(SessionId id, Session& session, std::deque<Item>& from, std::size_t at_most);
  void check_conserved() const;

  Config config_;
  std::map<SessionId, Session> sessions_;
  std::set<Rank> ranks_;               // the sessions with credit
  std::deque<Item> queue_;             // waiting, first in, first out
  std::deque<Item> suspects_;          // waiting, to travel alone
  std::optional<SessionId> isolated_;  // the one session that suspects may use
  std::vector<Sent> batch_;
  std::vector<SeqRange> fresh_;  // what the state being taken settles
  std::vector<EventTag> accepted_;
  std::uint64_t credit_ = 0;
  std::uint64_t in_flight_ = 0;
  std::uint64_t turns_ = 0;
  std::uint64_t offered_total_ = 0;
  std::uint64_t accepted_total_ = 0;
  std::uint64_t released_total_ = 0;
};

}  // namespace pullwire::flow
