// A link's end as a stage has it, with an owner that does what stages do, in the hands of a
// fuzzer that plays the peers, the network and the clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/flow/check.hpp"
#include "common/flow/link.hpp"
#include "common/wire/codec.hpp"

namespace pullwire::fuzz {

using flow::Link;
using flow::Seq;
using flow::SeqRange;
using flow::SessionId;

class LinkEnd {
 public:
  struct Kind {
    Link::Side side;
    flow::Role role;
    flow::Consumer::Budget budget;
  };
  static constexpr std::uint32_t kMaxDemand = 12;
  static constexpr std::size_t kMaxSessions = 3;
  static constexpr std::size_t kMostPending = 40;

  explicit LinkEnd(Kind kind);

  // -- Peers and the network ---------------------------------------------------------

  /// Bytes from a peer, as net/link_socket.cpp takes them.
  void receive(const flow::Route& from, std::string_view bytes);
  /// The same, encoded first.
  void receive(const flow::Route& from, const flow::Message& message);
  void receive_events(const flow::Route& from, const flow::DataHead& head);
  void disconnected(const flow::Route& route);
  void connected();
  void pass(flow::Time time);

  // -- The owner ---------------------------------------------------------------------

  void offer();                                           ///< producer: an event more
  void send();                                            ///< producer: what may be sent
  void settle(std::size_t which, flow::Outcome outcome);  ///< consumer: some of what it holds
  void announce(flow::Consumer::When when);
  void set_gate(bool open);
  void drain();

  /// Whatever happened: a peer that keeps to the protocol gets a session, and everything
  /// that waits is delivered and settled.
  void recover();

  // -- What a peer may know ------------------------------------------------------------

  struct Session {
    SessionId id;
    flow::Route route;
    flow::Instance instance;
    Seq sent = 0;      ///< by us, as producer
    Seq limit = 0;     ///< announced by us, as consumer
    Seq received = 0;  ///< by us, as consumer
  };
  [[nodiscard]] const std::vector<Session>& live() const { return live_; }
  [[nodiscard]] SessionId last_dead() const { return last_dead_; }
  [[nodiscard]] std::uint64_t last_hello() const { return last_hello_; }
  [[nodiscard]] bool is_producer() const { return kind_.role == flow::Role::Producer; }
  [[nodiscard]] bool is_binder() const { return kind_.side == Link::Side::Binder; }

 private:
  struct Held {
    SessionId session;
    SeqRange events;
  };

  Session* find(SessionId id);
  void follow();
  void follow(const Link::Outgoing& outgoing);
  void check() const;
  SessionId meet_good_peer();
  void satisfy(SessionId id);
  void exhaust(SessionId id);

  Kind kind_;
  flow::Time now_ = std::chrono::seconds{1000};
  flow::Producer producer_;
  flow::Consumer consumer_;
  Link link_;
  wire::Decoder decoder_;
  std::vector<Session> live_;
  SessionId last_dead_ = 0;
  std::uint64_t last_hello_ = 0;
  bool draining_ = false;
  flow::EventTag offered_ = 0;
  std::set<flow::EventTag> pending_;  // offered and not accepted
  std::vector<Held> held_;            // received and not settled
};

}  // namespace pullwire::fuzz
