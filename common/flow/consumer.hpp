// Consumer's half of a link: what was received, what is settled, what is granted.
//
// Pure: no sockets, no clock. Not thread-safe. Credit follows settled work, never
// arrival: granting on arrival would hide a slow consumer from its producer.
// Protocol: common/PROTOCOL.md, "Credit" and "Settlement". Counterpart: flow/producer.hpp.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "common/flow/messages.hpp"

namespace pullwire::flow {

class Consumer {
 public:
  struct Demand {
    std::uint32_t min;  ///< grant again once this few of the granted are unsettled; < max
    std::uint32_t max;  ///< bound on granted and unsettled events; at least 1
  };

  /// Each: every session may have `Demand::max`. Shared: all sessions together, never
  /// more; each gets its share, max(1, max / sessions). When one joins, what the others
  /// hold beyond theirs and have not used is asked back.
  enum class Budget { Each, Shared };

  Consumer(Demand demand, Budget budget);

  /// While the gate is closed no session's limit grows. A relaying stage opens it
  /// while it can pass on what it asks for.
  void set_gate(bool open);

  /// Gives the last word on received events, each once. Without effect if the session
  /// has ended: its producer gives the events to someone again. Returns how many it settled.
  std::uint64_t settle(SessionId session, SeqRange events, Outcome outcome);

  enum class When {
    Due,          ///< sessions whose unsettled grants have fallen to `Demand::min`
    BeforeSleep,  ///< whatever has not been announced
  };
  /// The states that are to be sent now. What is returned counts as announced.
  [[nodiscard]] std::vector<Credit> announce(When when);

  [[nodiscard]] Demand demand() const noexcept { return demand_; }
  /// Events granted and not received, over all sessions.
  [[nodiscard]] std::uint64_t credit() const noexcept { return granted_ - in_flight_; }
  /// Events received and not settled, over all sessions.
  [[nodiscard]] std::uint64_t in_flight() const noexcept { return in_flight_; }
  [[nodiscard]] std::uint64_t in_flight(SessionId session) const;
  /// Events that may still have to be settled before any new can come: granted and
  /// not settled, over all sessions.
  [[nodiscard]] std::uint64_t unsettled_grants() const noexcept { return granted_; }

  // -- Called by the link ----------------------------------------------------------

  void open(SessionId session);
  void close(SessionId session);

  /// Takes the arrival of events `first` … `first + count - 1`, count at least 1.
  /// Returns what is wrong, changing nothing, or nothing.
  [[nodiscard]] std::optional<ErrorCode> receive(const DataHead& data);

  /// Takes the producer's state. Returns what is wrong with it, or nothing.
  [[nodiscard]] std::optional<ErrorCode> take(const Heartbeat& heartbeat);

  /// The session is to end: its limit never grows again, unused credit is asked back.
  void stop(SessionId session);

  /// Sessions whose producers are to be asked for their unused credit (drain), since the
  /// last call.
  [[nodiscard]] std::vector<SessionId> take_drains();
  /// Asked, and not answered.
  [[nodiscard]] bool draining(SessionId session) const { return sessions_.at(session).draining; }

  /// The producer has given back its unused credit. Returns what is wrong, or nothing.
  [[nodiscard]] std::optional<ErrorCode> take(const Drained& drained);

  /// Stopped; the producer is known to send nothing more, and all is settled.
  [[nodiscard]] bool finished(SessionId session) const;

  /// The whole state, for a heartbeat; counts as announced.
  [[nodiscard]] Credit state(SessionId session);

 private:
  struct Session {
    Seq limit = 0;
    Seq announced_limit = 0;
    Seq received = 0;
    SeqSet settled;
    SeqSet released;    ///< part of `settled`; below `confirmed` it does not matter
    Seq confirmed = 0;  ///< the producer knows all that is settled up to here
    bool stopped = false;
    bool draining = false;  ///< unused credit was asked back, and has not come
    bool dirty = false;     ///< has something to announce, and is in `dirty_`

    [[nodiscard]] std::uint64_t in_flight() const { return received - settled.count(); }
    [[nodiscard]] std::uint64_t granted() const { return limit - settled.count(); }
  };

  Session& at(SessionId session);
  [[nodiscard]] std::uint32_t share() const;
  void raise(SessionId id, Session& session);
  void raise_all();
  void ask_back(SessionId id, Session& session);
  void mark(SessionId id, Session& session);

  Demand demand_;
  Budget budget_;
  bool gate_ = true;
  std::uint64_t granted_ = 0;    // and not settled, over all sessions
  std::uint64_t in_flight_ = 0;  // received and not settled, over all sessions
  bool short_ = false;           // the budget kept a session below its share
  std::map<SessionId, Session> sessions_;
  std::vector<SessionId> dirty_;   // with something to announce; others are passed over
  std::vector<SessionId> drains_;  // to be asked for their unused credit
};

}  // namespace pullwire::flow
