// One end of a link in the hands of a test: it speaks PROTOCOL.md by itself where that is
// routine (heartbeats, as producer the answer to a drain) and says what the test wants it to, right
// or wrong.
//
// One thread. While one peer waits, all of them do that.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <zmq.hpp>

#include "common/flow/messages.hpp"
#include "common/wire/codec.hpp"
#include "tests/protocol/messages.hpp"

namespace pullwire::tests {

using namespace std::chrono_literals;

/// How long a peer waits for what must come: long enough for sanitizers on a busy machine.
inline constexpr std::chrono::milliseconds kPatience = 15s;

class RawPeer {
 public:
  enum class Side { Connector, Binder };

  RawPeer(const std::string& endpoint, Side side, flow::Role role);
  ~RawPeer();
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  // -- Handshake -------------------------------------------------------------------

  /// Of a connector, to be changed before `greet`. The instance is this peer's own.
  flow::Hello hello;
  /// Connector: sends the hello, returns the welcome; the session is live.
  flow::Welcome greet();
  /// Connector: sends a hello that must be refused, returns the error.
  flow::Error greet_in_vain();
  /// Binder: takes the next hello, whatever came before it, and welcomes it.
  flow::Hello accept(std::uint32_t max_demand = 0);
  /// Binder: takes the next hello and leaves it unanswered; `welcome` may follow.
  flow::Hello await_hello();
  void welcome(std::uint64_t number, std::uint32_t max_demand);

  [[nodiscard]] flow::SessionId session() const { return session_; }

  // -- Saying ----------------------------------------------------------------------

  void send(const flow::Message& message) { send_bytes(wire::encode(message)); }
  void send_bytes(std::string_view bytes) { send_frames({std::string{bytes}}); }
  /// One message of several frames, as no one may send it.
  void send_frames(const std::vector<std::string>& frames);

  /// Consumer: a credit with this limit and what is settled so far.
  void grant(flow::Seq limit);
  /// Consumer: settles all events up to `cum`, these of them as released.
  void settle(flow::Seq cum, std::vector<flow::SeqRange> released = {});
  /// Producer: sends events as the next ones.
  void produce(const std::vector<std::string>& payloads, const flow::Delivery& delivery = {});
  /// Producer: sends events numbered from `first`, whatever is due.
  void produce_from(flow::Seq first, const std::vector<std::string>& payloads,
                    const flow::Delivery& delivery = {});
  void bye();
  /// Producer: leaves the answer to a drain to the test.
  bool answers_drains = true;
  /// Sends no further heartbeats, answers no drain.
  void fall_silent() { live_ = false; }
  /// Closes the connection without a word.
  void vanish();

  // -- Hearing ---------------------------------------------------------------------

  /// The next message of this kind. Heartbeats and credits before it are passed over,
  /// anything else in its place throws.
  template <typename Kind>
  Kind expect();
  /// The same, or nothing if it does not come in time.
  template <typename Kind>
  std::optional<Kind> try_expect(std::chrono::milliseconds within);

  /// The next `count` events, at least.
  std::vector<Arrived> events(std::size_t count);
  /// How many events have come that `events` has not returned.
  [[nodiscard]] std::size_t untaken() const { return events_.size(); }

  /// Producer: reads on until the consumer's state is so.
  flow::Credit credit_until(const std::function<bool(const flow::Credit&)>& so);
  /// The newest state that came from a consumer.
  [[nodiscard]] const flow::Credit& heard_credit() const { return heard_credit_; }

  /// Connector: returns after the binder has had two turns with all that was sent before.
  void round_trip();
  /// Returns after `count` further heartbeats of the other end, with the last of them.
  flow::Heartbeat heartbeats(int count);

  /// All peers do what is routine.
  static void tend_all();

 private:
  /// False once it is `until`. What came is in `message`, or nothing if it was events,
  /// which are put aside.
  bool hear(std::optional<flow::Message>& message, std::chrono::steady_clock::time_point until);
  std::optional<flow::Message> take(std::string_view bytes);
  /// The same, for what is not expected: all but routine throws.
  bool hear_routine(const std::string& waiting_for, std::chrono::steady_clock::time_point until);
  void tend();
  void read_waiting();

  struct Frame {
    std::string route;
    std::string bytes;
  };

  Side side_;
  flow::Role role_;
  zmq::context_t context_;
  zmq::socket_t socket_;
  std::string route_;  // binder: of the connection whose hello was taken last
  flow::SessionId session_ = 0;
  bool live_ = false;
  std::chrono::steady_clock::time_point next_beat_;
  flow::Credit credit_;        // consumer: what we say
  flow::Credit heard_credit_;  // producer: what we were told
  flow::Seq sent_ = 0;
  int heartbeats_heard_ = 0;
  flow::Heartbeat last_heartbeat_;
  std::deque<Frame> waiting_;  // received, not heard
  std::deque<Arrived> events_;
  wire::Decoder decoder_;
  wire::DataEncoder encoder_;
};

/// What connects to an ingestor, and to a reporter.
struct RawConsumer : RawPeer {
  explicit RawConsumer(const std::string& endpoint)
      : RawPeer{endpoint, Side::Connector, flow::Role::Consumer} {}
};
struct RawProducer : RawPeer {
  explicit RawProducer(const std::string& endpoint)
      : RawPeer{endpoint, Side::Connector, flow::Role::Producer} {}
};

/// What a republisher connects to.
struct RawIngestor : RawPeer {
  explicit RawIngestor(const std::string& endpoint)
      : RawPeer{endpoint, Side::Binder, flow::Role::Producer} {}
};
struct RawReporter : RawPeer {
  explicit RawReporter(const std::string& endpoint)
      : RawPeer{endpoint, Side::Binder, flow::Role::Consumer} {}
};

/// As `eventually`, while all peers do what is routine.
bool meanwhile(const std::function<bool()>& done, std::chrono::milliseconds within = kPatience);

[[noreturn]] void fail_waiting(const std::string& what);

/// A heartbeat, a credit, to a producer a drain: comes at any time.
bool is_routine(const flow::Message& message);

template <typename Kind>
std::optional<Kind> RawPeer::try_expect(std::chrono::milliseconds within) {
  const auto until = std::chrono::steady_clock::now() + within;
  for (std::optional<flow::Message> message; hear(message, until);) {
    if (!message) continue;
    if (auto* wanted = std::get_if<Kind>(&*message)) return std::move(*wanted);
    if (!is_routine(*message)) {
      fail_waiting("waiting for a " + describe(Kind{}) + ", got " + describe(*message));
    }
  }
  return std::nullopt;
}

template <typename Kind>
Kind RawPeer::expect() {
  auto wanted = try_expect<Kind>(kPatience);
  if (!wanted) fail_waiting("waiting for a " + describe(Kind{}) + " in vain");
  return std::move(*wanted);
}

}  // namespace pullwire::tests
