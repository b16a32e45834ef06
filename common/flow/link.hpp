// One end of a link: handshakes, sessions, liveness, farewell. Drives a Producer or
// a Consumer with what the other end says, and says what they want said.
//
// Pure: messages and the time go in, messages and changes come out. Not thread-safe.
// Protocol: common/PROTOCOL.md, "Sessions" and "Liveness".
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/flow/consumer.hpp"
#include "common/flow/messages.hpp"
#include "common/flow/producer.hpp"

namespace pullwire::flow {

/// Where a message came from or goes to: opaque to the link, unique among the live
/// connections of a binder. A connector has one, the empty route.
using Route = std::string;

inline constexpr Time kHeartbeatEvery = std::chrono::milliseconds{500};
inline constexpr Time kDeadAfter = std::chrono::milliseconds{2500};
/// A connector that was refused or lost its session begins again after at most this.
inline constexpr Time kRetryAfter = std::chrono::milliseconds{1000};
/// Where the other side was about to end: its successor may be there at any moment.
inline constexpr Time kRetrySoon = std::chrono::milliseconds{100};
/// Answers to messages that belong to no session, in each 100 ms: whoever sends them may
/// never read what comes back.
inline constexpr int kAnswersToStrangers = 32;
/// Refusals told apart in the log before one of them gets a session.
inline constexpr std::size_t kRefusalsTold = 16;

class Link {
 public:
  enum class Side { Binder, Connector };

  struct Config {
    Side side = Side::Binder;
    Instance instance{};
    std::string name{};               ///< of this process, for people
    std::uint32_t max_demand = 0;     ///< as consumer
    std::string contract{};           ///< as connector: what the binder is to check
    std::size_t max_sessions = 1024;  ///< as binder: one more is refused
    std::string room_advice{};        ///< as binder: what an operator can do about that
    std::uint64_t seed = 1;           ///< of session ids and of the retries' jitter
    /// As binder: why a hello is refused, or nothing. Asked last, for a hello that
    /// would otherwise get a session.
    std::function<std::optional<std::string>(const Hello&)> admit{};
    /// What is to travel with a heartbeat, asked for with each.
    std::function<std::string()> gauges{};
  };

  struct Peer {
    Instance instance{};
    std::string name;
  };

  struct Opened {
    SessionId session;
    Peer peer;
  };
  struct Ended {
    SessionId session;
    Peer peer;
    std::string reason;  ///< one word for metrics: "goodbye", "silent", "replaced", …
    std::string detail;  ///< for the log, may be empty
    /// Events in flight at the end: a producer sends them again, a consumer gets them again.
    std::uint64_t unsettled = 0;
  };
  /// No session came about: said once until something changes.
  struct Refused {
    std::string detail;
  };
  using Change = std::variant<Opened, Ended, Refused>;

  struct Outgoing {
    Route to;
    Message message;
  };

  struct Gauges {
    SessionId session;
    std::uint32_t sessions;  ///< live sessions of the sender
    std::string bytes;
  };

  Link(Config config, Producer& producer);
  Link(Config config, Consumer& consumer);

  // -- What happened ---------------------------------------------------------------

  void receive(const Route& from, const Message& message, Time now);

  /// The head of a message with events. Returns whether its events are to be taken;
  /// if not they belong to no live session, or broke the protocol.
  [[nodiscard]] bool receive(const Route& from, const DataHead& data, Time now);

  /// Bytes came that are no message.
  void malformed(const Route& from, std::string_view why, Time now);

  /// A message could not be delivered, or the connection is gone.
  void disconnected(const Route& route, Time now);

  /// Connector: the connection that `connection()` counts is there. Says hello on it,
  /// once.
  void connected(Time now);

  /// Time has passed: heartbeats, deaths, retries. To be called at `deadline()` at
  /// the latest; a late call is taken for a stall of our own, not of the peers.
  void tick(Time now);

  /// Wants to leave: a consumer asks for nothing more, settles what it has; a
  /// producer waits for what is in flight. Sessions end as they get there.
  void drain(Time now);

  // -- What to do ------------------------------------------------------------------

  /// Consumer: says what there is to say. Part of the loop (flow/consumer.hpp).
  void announce(Consumer::When when);

  [[nodiscard]] std::vector<Outgoing> take_outgoing();
  [[nodiscard]] std::vector<Change> take_changes();
  /// The latest of each live session.
  [[nodiscard]] std::vector<Gauges> take_gauges();

  /// Connector: counts up when the connection is to be closed and made anew; 0 while
  /// there is to be none: before another try, or for good.
  [[nodiscard]] std::uint64_t connection() const noexcept {
    return stage_ == Stage::Resting || stage_ == Stage::Left ? 0 : connections_;
  }

  [[nodiscard]] Time deadline() const noexcept { return next_tick_; }

  // -- State -----------------------------------------------------------------------

  /// Route of a live session; null if it has ended.
  [[nodiscard]] const Route* route(SessionId session) const;
  [[nodiscard]] std::size_t sessions() const noexcept { return sessions_.size(); }
  /// The peer was heard within the dead time, whatever its session's state says. After
  /// a stall of our own not before it was heard again 0.4 s later: what is read
  /// at once may have waited for long, and the peer may have given us up meanwhile.
  [[nodiscard]] bool heard_lately(SessionId session, Time now) const;
  /// Drained, and no session is left.
  [[nodiscard]] bool finished() const noexcept { return leaving_ && sessions_.empty(); }
  [[nodiscard]] std::uint64_t stale_total() const noexcept { return stale_total_; }

 private:
  struct Session {
    Route route;
    Peer peer;
    std::uint64_t number;
    Time heard;
    Time judged_from;  ///< `heard`, moved on by our own stalls
    Time next_heartbeat;
    std::optional<Time> draining_since{};  ///< of the peer: asked for its unused credit
  };

  /// How far a connector is. A binder stays where it begins.
  enum class Stage {
    Connecting,  ///< until the connection is there
    Greeting,    ///< said hello; until `until_` for an answer
    Live,        ///< has its session
    Resting,     ///< until `until_`, then another connection
    Left,        ///< drained
  };

  void on(const Route& from, const Hello& hello, Time now);
  void on(const Route& from, const Welcome& welcome, Time now);
  void on(const Route& from, const Credit& credit, Time now);
  void on(const Route& from, const Heartbeat& heartbeat, Time now);
  void on(const Route& from, const Drain& drain, Time now);
  void on(const Route& from, const Drained& drained, Time now);
  void on(const Route& from, const Bye& bye, Time now);
  void on(const Route& from, const Error& error, Time now);

  /// The session of a frame, heard just now; null if it is not live on that route.
  Session* find(const Route& from, SessionId id, Time now);
  /// The same; answers a frame that belongs to no session.
  Session* expect(const Route& from, SessionId id, Time now);
  [[nodiscard]] bool stalled(Time now) const;
  bool ignores_drain(SessionId id, Session& session, Time now) const;
  void answer_stranger(const Route& to, Error error, Time now);
  void tell_refusal(const std::string& text);
  std::optional<Error> refusal(const Hello& hello) const;
  std::optional<Error> refusal(const Welcome& welcome) const;
  void open(SessionId id, Session session, std::uint32_t peer_max_demand);
  void end(SessionId id, Ending ending, std::string_view reason, std::string detail, Time now);
  void violate(SessionId id, ErrorCode code, std::string detail, Time now);
  void begin_again(Time now);
  void rest(Time now, Time at_most = kRetryAfter);
  void connect_anew();
  void ask_for_drains();
  void part(SessionId id, Time now);
  void part_from_finished(Time now);
  [[nodiscard]] Time beat_period() const;
  void beat(SessionId id, Session& session, Time now);
  void remember(const Instance& instance, std::uint64_t number);
  [[nodiscard]] bool is_connector() const { return config_.side == Side::Connector; }
  [[nodiscard]] Role role() const { return producer_ ? Role::Producer : Role::Consumer; }
  std::uint64_t random();

  Config config_;
  Producer* producer_ = nullptr;  // exactly one of the two
  Consumer* consumer_ = nullptr;
  std::map<SessionId, Session> sessions_;
  std::map<Instance, std::uint64_t> newest_;  // binder: highest hello of each instance
  std::vector<Outgoing> outgoing_;
  std::vector<Change> changes_;
  std::vector<Gauges> received_gauges_;  // one of a session
  std::set<std::string> refusals_;       // told since the last session was opened
  Stage stage_ = Stage::Connecting;
  std::optional<Time> until_;  // connector: when greeting or rest is over
  Time not_again_before_{};    // connector: sooner after the last hello it rests first
  std::uint64_t connections_ = 1;
  std::uint64_t hello_number_ = 0;
  std::optional<Time> last_tick_;
  Time trusted_from_{};  // what was heard before, after a stall, may be old
  Time next_tick_{};
  Time answers_since_{};  // binder: when `answers_` was 0
  int answers_ = 0;       // to strangers
  bool leaving_ = false;
  std::uint64_t stale_total_ = 0;
  std::uint64_t random_state_;
};

}  // namespace pullwire::flow
