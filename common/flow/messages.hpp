// What the two ends of a link say to each other, apart from the events themselves.
//
// Plain values; their bytes are wire's business. The meaning of every field and the
// duties of both sides: common/PROTOCOL.md.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/flow/sequence.hpp"

namespace pullwire::flow {

/// Time since an arbitrary moment, on a clock that never goes back and that counts
/// the time for which the machine was suspended.
using Time = std::chrono::nanoseconds;

/// One incarnation of a link, from handshake to its end; random, never 0.
using SessionId = std::uint64_t;

/// One process, from start to end; random.
using Instance = std::array<std::uint8_t, 16>;

enum class Role : std::uint8_t { Producer = 1, Consumer = 2 };

inline constexpr std::uint16_t kProtocolVersion = 1;

/// Opens a session; sent by the side that connects.
struct Hello {
  std::uint16_t version_min = kProtocolVersion;
  std::uint16_t version_max = kProtocolVersion;
  Role role = Role::Consumer;  ///< of the sender
  Instance instance{};
  std::uint64_t number = 0;      ///< counts the instance's handshakes on this connector up
  std::string name;              ///< for people: logs and metrics
  std::uint32_t max_demand = 0;  ///< consumer: most it will ever have in flight
  std::string contract;          ///< what both must agree on, as text ("" if nothing)

  friend bool operator==(const Hello&, const Hello&) = default;
};

/// Answers a hello: the session is live at both ends.
struct Welcome {
  SessionId session = 0;
  std::uint64_t number = 0;  ///< of the hello that is answered
  std::uint16_t version = kProtocolVersion;
  Instance instance{};
  std::string name;
  std::uint32_t max_demand = 0;  ///< consumer: as in Hello

  friend bool operator==(const Welcome&, const Welcome&) = default;
};

/// The consumer's whole state: what it grants and what it has settled. Absolute, so
/// that it may be repeated.
struct Credit {
  SessionId session = 0;
  Seq limit = 0;                   ///< highest sequence number that may be sent
  Seq cum = 0;                     ///< every event up to this one is settled
  std::vector<SeqRange> settled;   ///< settled above `cum`
  std::vector<SeqRange> released;  ///< settled as released, unless confirmed; the rest: accepted

  friend bool operator==(const Credit&, const Credit&) = default;
};

/// Says that the sender's loop turns, and repeats its state.
struct Heartbeat {
  SessionId session = 0;
  std::uint32_t sessions = 0;    ///< live sessions of the sender on this link
  Seq sent = 0;                  ///< producer: last sequence number sent
  Seq confirmed = 0;             ///< producer: the consumer's `cum` as it knows it
  std::optional<Credit> credit;  ///< consumer: as if sent alone
  std::string gauges;            ///< reports of stages, passed through (wire/gauges.hpp)

  friend bool operator==(const Heartbeat&, const Heartbeat&) = default;
};

/// The consumer wants to leave: send nothing more.
struct Drain {
  SessionId session = 0;
  friend bool operator==(const Drain&, const Drain&) = default;
};

/// The producer's answer: nothing follows after `last`.
struct Drained {
  SessionId session = 0;
  Seq last = 0;
  friend bool operator==(const Drained&, const Drained&) = default;
};

/// The sender has left; nothing follows.
struct Bye {
  SessionId session = 0;
  friend bool operator==(const Bye&, const Bye&) = default;
};

enum class ErrorCode : std::uint8_t {
  Malformed = 1,       ///< bytes that are no message
  Version = 2,         ///< no protocol version in common
  WrongRole = 3,       ///< two producers or two consumers met
  UnknownSession = 4,  ///< a frame of a session that the receiver does not know
  CreditExceeded = 5,  ///< more events than were granted
  Gap = 6,             ///< a sequence number is missing or came twice
  Invalid = 7,         ///< a state that cannot be: settled before sent, …
  Replaced = 8,        ///< a newer handshake of the same instance took over
  Refused = 9,         ///< the contract differs, or there is no room; `text` says which
  ShuttingDown = 10,   ///< the receiver takes no new sessions
};

std::string_view to_text(ErrorCode code);

/// Ends a session, or answers a hello that opens none.
struct Error {
  SessionId session = 0;     ///< 0: answers a hello
  std::uint64_t number = 0;  ///< of that hello
  ErrorCode code = ErrorCode::Malformed;
  std::string text;  ///< for people, in one line

  friend bool operator==(const Error&, const Error&) = default;
};

using Message = std::variant<Hello, Welcome, Credit, Heartbeat, Drain, Drained, Bye, Error>;

/// The head of a message with events; the events are numbered first, first + 1, …
struct DataHead {
  SessionId session = 0;
  Seq first = 0;
  std::uint32_t count = 0;
};

inline constexpr std::uint32_t kMaxAge = (1U << 24U) - 1;

/// What travels beside each event.
struct Delivery {
  bool redelivered = false;    ///< may have been begun by someone before
  bool give_up = false;        ///< do not begin it: report it as failed
  std::uint16_t attempts = 1;  ///< this one included
  /// Of a redelivered one: milliseconds since the session ended that had it last, or since the
  /// producer began if that was one of a producer before; at most kMaxAge; 0 if not known.
  std::uint32_t age_ms = 0;

  friend bool operator==(const Delivery&, const Delivery&) = default;
};

/// The last word of a consumer on an event.
enum class Outcome : std::uint8_t {
  Accepted,  ///< safe downstream
  Released,  ///< not begun: give it to another
};

}  // namespace pullwire::flow
