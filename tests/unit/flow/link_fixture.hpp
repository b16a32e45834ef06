// A link's end and the other side as the test plays it: mechanics as verbs.
#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "common/flow/link.hpp"
#include "tests/catch.hpp"

namespace pullwire::flow::fixture {

using namespace std::chrono_literals;

using Side = Link::Side;
using When = Consumer::When;

/// What a link says and reports, sorted by kind.
struct Ear {
  explicit Ear(Link& of) : link{of} {}

  /// The messages said since the last call.
  std::vector<Link::Outgoing> said() { return link.take_outgoing(); }
  /// The only message said, which is an M.
  template <class M>
  M said_one() {
    const auto out = said();
    REQUIRE(out.size() == 1);
    REQUIRE(std::holds_alternative<M>(out[0].message));
    return std::get<M>(out[0].message);
  }
  template <class M>
  std::size_t count_said() {
    const auto out = said();
    return static_cast<std::size_t>(std::count_if(out.begin(), out.end(), [](const auto& o) {
      return std::holds_alternative<M>(o.message);
    }));
  }
  /// Why sessions ended since the last call.
  std::vector<std::string> ended() {
    std::vector<std::string> reasons;
    for (const auto& change : link.take_changes()) {
      if (const auto* end = std::get_if<Link::Ended>(&change)) reasons.push_back(end->reason);
    }
    return reasons;
  }
  std::vector<std::string> refused() {
    std::vector<std::string> details;
    for (const auto& change : link.take_changes()) {
      if (const auto* no = std::get_if<Link::Refused>(&change)) details.push_back(no->detail);
    }
    return details;
  }

  Link& link;
};

using Reasons = std::vector<std::string>;

inline Hello hello(std::uint8_t instance, std::uint64_t number, Role role = Role::Consumer) {
  Hello m;
  m.role = role;
  m.instance[0] = instance;
  m.number = number;
  m.name = "peer " + std::to_string(instance);
  m.max_demand = 8;
  return m;
}

inline Heartbeat heartbeat(SessionId session) {
  Heartbeat m;
  m.session = session;
  return m;
}

/// A producer that listens, as the ingestor does, and the peers that the test plays.
struct Host {
  Host() : Host{{}} {}
  explicit Host(Link::Config config) : link{config, producer}, ear{link} { link.tick(now); }

  /// A peer's hello, accepted.
  SessionId join(const Route& route, std::uint8_t instance, std::uint64_t number = 1) {
    link.receive(route, hello(instance, number), now);
    return ear.said_one<Welcome>().session;
  }
  /// A peer's hello, refused.
  ErrorCode refused(const Route& route, const Hello& m) {
    link.receive(route, m, now);
    const auto error = ear.said_one<Error>();
    CHECK(error.session == 0);
    CHECK(error.number == m.number);
    return error.code;
  }
  void grant(const Route& route, SessionId session, Seq limit, Seq cum = 0) {
    link.receive(route, Credit{session, limit, cum, {}, {}}, now);
  }
  void pass(Time time) {
    for (const Time end = now + time; now < end;) {
      now = std::min(end, std::max(now + 1ms, link.deadline()));
      link.tick(now);
    }
  }

  Time now = 1000s;
  Producer producer{{}};
  Link link;
  Ear ear;
};

inline Link::Config calling() {
  Link::Config config;
  config.side = Side::Connector;
  config.max_demand = 4;
  return config;
}

/// A consumer that calls, as a republisher does upstream.
struct Caller {
  Caller() { link.tick(now); }

  /// The connection is there; the hello.
  Hello greet() {
    link.connected(now);
    return ear.said_one<Hello>();
  }
  /// A session, welcomed.
  void begin(SessionId session) {
    const Hello m = greet();
    Welcome welcome;
    welcome.session = session;
    welcome.number = m.number;
    link.receive({}, welcome, now);
    REQUIRE(link.sessions() == 1);
  }
  /// Time passes, ticked when due, until the link wants another connection.
  Time until_it_tries_again() {
    const std::uint64_t before = link.connection();
    const Time began = now;
    while (link.connection() == before || link.connection() == 0) {
      REQUIRE(now - began < 10s);
      now = std::max(now + 1ms, link.deadline());
      link.tick(now);
    }
    return now - began;
  }

  Time now = 1000s;
  Consumer consumer{{.min = 2, .max = 4}, Consumer::Budget::Each};
  Link link{calling(), consumer};
  Ear ear{link};
};

inline Link::Config with_room_for(std::size_t sessions) {
  Link::Config config;
  config.max_sessions = sessions;
  return config;
}

}  // namespace pullwire::flow::fixture
