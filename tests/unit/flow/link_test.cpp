#include "common/flow/link.hpp"

#include <algorithm>

#include "tests/catch.hpp"

using namespace pullwire::flow;
using namespace std::chrono_literals;

namespace {

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

Hello hello(std::uint8_t instance, std::uint64_t number, Role role = Role::Consumer) {
  Hello m;
  m.role = role;
  m.instance[0] = instance;
  m.number = number;
  m.name = "peer " + std::to_string(instance);
  m.max_demand = 8;
  return m;
}

Heartbeat heartbeat(SessionId session) {
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

Link::Config calling() {
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

Link::Config with_room_for(std::size_t sessions) {
  Link::Config config;
  config.max_sessions = sessions;
  return config;
}

}  // namespace

// -- Handshake -----------------------------------------------------------------------

TEST_CASE("a hello opens a session at both ends", "[link]") {
  Host host;
  Caller caller;
  host.link.receive("a", caller.greet(), host.now);
  const auto welcome = host.ear.said_one<Welcome>();
  CHECK(welcome.session != 0);
  caller.link.receive({}, welcome, caller.now);
  CHECK(host.link.sessions() == 1);
  CHECK(*host.link.route(welcome.session) == "a");
  CHECK(caller.link.sessions() == 1);
  caller.link.announce(When::BeforeSleep);
  CHECK(caller.ear.said_one<Credit>().limit == 4);
}

TEST_CASE("the same hello again gets the same welcome", "[link]") {
  Host host;
  const SessionId session = host.join("a", 1, 5);
  CHECK(host.join("a", 1, 5) == session);
  CHECK(host.link.sessions() == 1);
}

TEST_CASE("a newer hello of an instance replaces its session", "[link]") {
  Host host;
  const SessionId first = host.join("a", 1, 1);
  const SessionId second = host.join("b", 1, 2);
  CHECK(second != first);
  CHECK(host.link.route(first) == nullptr);
  CHECK(*host.link.route(second) == "b");
  CHECK(host.ear.ended() == Reasons{"replaced"});
}

TEST_CASE("an older hello never replaces a newer one", "[link]") {
  Host host;
  const SessionId session = host.join("b", 1, 2);
  CHECK(host.refused("a", hello(1, 1)) == ErrorCode::Replaced);
  CHECK(host.refused("a", hello(1, 2)) == ErrorCode::Replaced);  // its own, on another way
  CHECK(*host.link.route(session) == "b");
  host.link.receive("b", Bye{session}, host.now);
  CHECK(host.refused("a", hello(1, 1)) == ErrorCode::Replaced);  // not even afterwards
}

TEST_CASE("a hello that cannot be served is refused with its reason", "[link]") {
  Host host;
  Hello other_version = hello(1, 1);
  other_version.version_min = other_version.version_max = 2;
  CHECK(host.refused("a", other_version) == ErrorCode::Version);
  CHECK(host.refused("a", hello(1, 1, Role::Producer)) == ErrorCode::WrongRole);
  Hello no_demand = hello(1, 1);
  no_demand.max_demand = 0;
  CHECK(host.refused("a", no_demand) == ErrorCode::Invalid);
  CHECK(host.ear.refused().size() == 3);
  Hello range = hello(1, 1);
  range.version_max = 9;
  host.link.receive("a", range, host.now);
  CHECK(host.ear.said_one<Welcome>().version == kProtocolVersion);
}

TEST_CASE("one session more than there is room for is refused", "[link]") {
  Host host{with_room_for(2)};
  host.join("a", 1);
  host.join("b", 2);
  CHECK(host.refused("c", hello(3, 1)) == ErrorCode::Refused);
  host.join("d", 2, 2);  // takes the place of its own
  CHECK(host.link.sessions() == 2);
}

TEST_CASE("a hello whose contract is not admitted is refused with the owner's words", "[link]") {
  Link::Config config;
  config.admit = [](const Hello& m) {
    return m.contract == "site" ? std::nullopt : std::optional<std::string>{"site is published"};
  };
  Host host{config};
  CHECK(host.refused("a", hello(1, 1)) == ErrorCode::Refused);
  CHECK(host.ear.refused() == Reasons{"peer 1: site is published"});
  Hello good = hello(1, 2);
  good.contract = "site";
  host.link.receive("a", good, host.now);
  CHECK(host.link.sessions() == 1);
}

TEST_CASE("a refusal is reported once until somebody gets in", "[link]") {
  Host host;
  host.refused("a", hello(1, 1, Role::Producer));
  host.refused("a", hello(1, 2, Role::Producer));
  CHECK(host.ear.refused().size() == 1);
  host.join("b", 2);
  host.refused("a", hello(1, 3, Role::Producer));
  CHECK(host.ear.refused().size() == 1);
  for (std::uint8_t i = 0; i < 100; ++i) {
    host.now += 1s;
    host.refused("a", hello(i, 4, Role::Producer));
  }
  CHECK(host.ear.refused().size() < kRefusalsTold);
}

TEST_CASE("a link that drains takes no new sessions", "[link]") {
  Host host;
  host.link.drain(host.now);
  CHECK(host.refused("a", hello(1, 1)) == ErrorCode::ShuttingDown);
  CHECK(host.link.finished());
}

TEST_CASE("a welcome that cannot be ends in rest, not in a session", "[link]") {
  Caller caller;
  Welcome welcome;
  welcome.session = 7;
  welcome.number = caller.greet().number;
  welcome.version = 2;
  caller.link.receive({}, welcome, caller.now);
  CHECK(caller.ear.said_one<Error>().code == ErrorCode::Version);
  CHECK(caller.link.sessions() == 0);
  CHECK(caller.link.connection() == 0);
  CHECK(caller.until_it_tries_again() <= kRetryAfter);
}

TEST_CASE("a welcome to another hello is stale", "[link]") {
  Caller caller;
  Welcome welcome;
  welcome.session = 7;
  welcome.number = caller.greet().number + 1;
  caller.link.receive({}, welcome, caller.now);
  CHECK(caller.link.sessions() == 0);
  CHECK(caller.link.stale_total() == 1);
}

// -- A connector's tries -------------------------------------------------------------

TEST_CASE("a refused connector tries again between half a second and one", "[link]") {
  Caller caller;
  const bool was_read = GENERATE(true, false);
  for (int i = 0; i < 5; ++i) {
    const Hello m = caller.greet();
    Error error;
    error.number = was_read ? m.number : 0;
    error.code = ErrorCode::Refused;
    error.text = "no";
    caller.link.receive({}, error, caller.now);
    CHECK(caller.link.connection() == 0);
    const Time waited = caller.until_it_tries_again();
    CHECK(waited >= kRetryAfter / 2);
    CHECK(waited <= kRetryAfter);
  }
  CHECK(caller.ear.refused() == Reasons{"no"});
}

TEST_CASE("a hello without answer is repeated on another connection", "[link]") {
  Caller caller;
  const Hello first = caller.greet();
  CHECK(caller.until_it_tries_again() == kDeadAfter);
  CHECK(caller.greet().number == first.number + 1);
}

TEST_CASE("a connector says hello once on a connection", "[link]") {
  Caller caller;
  caller.greet();
  caller.link.connected(caller.now);
  CHECK(caller.ear.said().empty());
}

TEST_CASE("a session that lasted is followed by another connection at once", "[link]") {
  Caller caller;
  caller.begin(7);
  caller.now += 2s;
  const std::uint64_t before = caller.link.connection();
  switch (GENERATE(0, 1, 2)) {
    case 0: caller.link.disconnected({}, caller.now); break;
    case 1: caller.link.receive({}, Bye{7}, caller.now); break;
    default: caller.link.malformed({}, "noise", caller.now); break;
  }
  CHECK(caller.link.sessions() == 0);
  CHECK(caller.link.connection() == before + 1);
}

TEST_CASE("sessions that end as soon as they begin do not keep a loop busy", "[link]") {
  Caller caller;
  const int how = GENERATE(range(0, 5));
  CAPTURE(how);
  const Time began = caller.now;
  int hellos = 0;
  while (caller.now - began < 10s && hellos <= 20) {
    caller.begin(7);
    ++hellos;
    switch (how) {
      case 0: caller.link.disconnected({}, caller.now); break;
      case 1: caller.link.receive({}, Bye{7}, caller.now); break;
      case 2: caller.link.malformed({}, "noise", caller.now); break;
      case 3:
        caller.link.receive({}, Error{7, 0, ErrorCode::UnknownSession, ""}, caller.now);
        break;
      default: CHECK_FALSE(caller.link.receive({}, DataHead{7, 9, 1}, caller.now)); break;
    }
    caller.ear.said();
    if (caller.link.connection() == 0) caller.until_it_tries_again();
  }
  CHECK(hellos >= 10);
  CHECK(hellos <= 20);
}

TEST_CASE("a connection that breaks before the answer is made anew", "[link]") {
  Caller caller;
  caller.greet();
  caller.link.disconnected({}, caller.now);
  CHECK(caller.until_it_tries_again() <= kRetryAfter);
  caller.link.disconnected({}, caller.now);  // nothing was said on this one yet
  CHECK(caller.link.connection() == 2);
}

// -- Liveness ------------------------------------------------------------------------

TEST_CASE("both sides say every half second that they live", "[link]") {
  Host host;
  host.join("a", 1);
  host.pass(2s);
  CHECK(host.ear.count_said<Heartbeat>() == 4);
}

TEST_CASE("a peer that is silent for the dead time has died", "[link]") {
  Host host;
  host.producer.offer(1, 1, false);
  const SessionId session = host.join("a", 1);
  host.grant("a", session, 8);
  REQUIRE(host.producer.next());
  host.pass(kDeadAfter - 1ms);
  CHECK(host.link.sessions() == 1);
  CHECK(host.link.heard_lately(session, host.now));
  host.pass(1ms);
  CHECK(host.ear.ended() == Reasons{"silent"});
  CHECK(host.producer.waiting() == 1);
}

TEST_CASE("any message of a session is a sign of life", "[link]") {
  Host host;
  const SessionId session = host.join("a", 1);
  for (int i = 0; i < 10; ++i) {
    host.pass(2s);
    host.link.receive("a", heartbeat(session), host.now);
  }
  CHECK(host.link.sessions() == 1);
}

TEST_CASE("a peer is not to blame for our own stall", "[link]") {
  Host host;
  const SessionId session = host.join("a", 1);
  host.pass(2s);
  host.now += 1h;  // stopped, or the machine slept
  CHECK_FALSE(host.link.heard_lately(session, host.now));
  host.link.tick(host.now);
  CHECK(host.link.sessions() == 1);
  host.pass(kDeadAfter);
  CHECK(host.ear.ended() == Reasons{"silent"});
}

TEST_CASE("a peer that dies after our stall is noticed in time", "[link]") {
  Host host;
  const SessionId session = host.join("a", 1);
  host.pass(2s);
  host.now += 1h;
  host.link.receive("a", heartbeat(session), host.now);  // had been waiting
  host.link.tick(host.now);
  host.pass(kDeadAfter);
  CHECK(host.ear.ended() == Reasons{"silent"});
}

TEST_CASE("a tick leaves the next one in the future, half a second away at most", "[link]") {
  Host host;
  Caller caller;
  caller.greet();
  host.join("a", 1);
  for (int i = 0; i < 40; ++i) {
    host.now += Time{i * 37'000'000};
    host.link.tick(host.now);
    caller.link.tick(host.now);
    for (const Time next : {host.link.deadline(), caller.link.deadline()}) {
      CHECK(next > host.now);
      CHECK(next <= host.now + kHeartbeatEvery);
    }
  }
}

TEST_CASE("a route that is gone takes its sessions along", "[link]") {
  Host host;
  host.join("a", 1);
  host.join("a", 2);
  host.join("b", 3);
  host.link.disconnected("a", host.now);
  CHECK(host.ear.ended() == Reasons{"disconnected", "disconnected"});
  CHECK(host.link.sessions() == 1);
}

// -- What belongs to no session ------------------------------------------------------

TEST_CASE("a frame of another session changes nothing", "[link]") {
  Host host;
  const SessionId session = host.join("a", 1);
  host.join("b", 2);
  host.grant("b", session, 8);      // another's
  host.grant("a", session + 1, 8);  // nobody's
  CHECK(host.producer.credit() == 0);
  CHECK(host.link.stale_total() == 2);
  CHECK(host.ear.count_said<Error>() == 2);
  host.link.receive("b", Bye{session}, host.now);
  host.link.receive("b", Error{session, 0, ErrorCode::Malformed, ""}, host.now);
  CHECK(host.link.sessions() == 2);
  CHECK(host.ear.said().empty());  // a farewell and an error get no answer
}

TEST_CASE("answers to strangers are bounded in time", "[link]") {
  Host host;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    host.grant("a", i + 1, 8);
    host.link.malformed("a", "noise", host.now);
    host.link.receive("a", hello(1, i, Role::Producer), host.now);
  }
  CHECK(host.ear.said().size() == kAnswersToStrangers);
  host.now += 100ms;
  host.grant("a", 1, 8);
  CHECK(host.ear.said_one<Error>().code == ErrorCode::UnknownSession);
}

TEST_CASE("a connector never answers what belongs to no session", "[link]") {
  Caller caller;
  CHECK_FALSE(caller.link.receive({}, DataHead{9, 1, 1}, caller.now));
  caller.link.malformed({}, "noise", caller.now);
  caller.link.receive({}, hello(1, 1), caller.now);
  caller.link.receive({}, Error{9, 0, ErrorCode::UnknownSession, ""}, caller.now);
  CHECK(caller.ear.said().empty());
  CHECK(caller.link.stale_total() == 4);
}

TEST_CASE("only the latest gauges of each live session are kept", "[link]") {
  Host host;
  const SessionId session = host.join("a", 1);
  const SessionId other = host.join("b", 2);
  for (const char* bytes : {"old", "new"}) {
    for (const auto& [route, id] : {std::pair{"a", session}, std::pair{"b", other}}) {
      Heartbeat m = heartbeat(id);
      m.gauges = bytes;
      host.link.receive(route, m, host.now);
    }
  }
  host.link.receive("b", Bye{other}, host.now);
  const auto gauges = host.link.take_gauges();
  REQUIRE(gauges.size() == 1);
  CHECK(gauges[0].bytes == "new");
}

// -- Violations ----------------------------------------------------------------------

TEST_CASE("a peer that breaks the protocol is told, and its session has died", "[link]") {
  Link::Config config;
  Producer producer{{.batch_events = 500, .batch_bytes = 1000, .max_attempts = 2}};
  Link link{config, producer};
  Ear ear{link};
  link.receive("a", hello(1, 1), 1s);
  const SessionId session = ear.said_one<Welcome>().session;
  producer.offer(1, 1, false);
  link.receive("a", Credit{session, 8, 0, {}, {}}, 1s);
  REQUIRE(producer.next());
  link.receive("a", Credit{session, 8, 2, {}, {}}, 1s);  // settles what was not sent
  CHECK(ear.said_one<Error>().code == ErrorCode::Invalid);
  CHECK(ear.ended() == Reasons{"invalid"});
  link.receive("a", hello(1, 2), 1s);
  const SessionId next = ear.said_one<Welcome>().session;
  link.receive("a", Credit{next, 8, 0, {}, {}}, 1s);
  const auto batch = producer.next();
  REQUIRE(batch);
  CHECK(batch->events[0].delivery.attempts == 2);  // its event may be the reason
}

TEST_CASE("roles that do not fit end the session", "[link]") {
  Host host;
  const SessionId session = host.join("a", 1);
  CHECK_FALSE(host.link.receive("a", DataHead{session, 1, 1}, host.now));
  CHECK(host.ear.ended() == Reasons{"wrong_role"});
  for (const Message& message : {Message{Credit{7, 1, 0, {}, {}}}, Message{Drain{7}}}) {
    Caller caller;
    caller.begin(7);
    caller.link.receive({}, message, caller.now);
    CHECK(caller.ear.ended() == Reasons{"wrong_role"});
  }
}

TEST_CASE("events beyond the credit end the session", "[link]") {
  Caller caller;
  caller.begin(7);
  CHECK(caller.link.receive({}, DataHead{7, 1, 4}, caller.now));
  CHECK_FALSE(caller.link.receive({}, DataHead{7, 5, 1}, caller.now));
  CHECK(caller.ear.said_one<Error>().code == ErrorCode::CreditExceeded);
  CHECK(caller.ear.ended() == Reasons{"credit_exceeded"});
}

// -- Farewell ------------------------------------------------------------------------

TEST_CASE("a consumer that drains settles what it has and says goodbye", "[link]") {
  Caller caller;
  caller.begin(7);
  caller.link.announce(When::BeforeSleep);
  REQUIRE(caller.link.receive({}, DataHead{7, 1, 2}, caller.now));
  caller.ear.said();
  caller.link.drain(caller.now);
  CHECK(caller.ear.said_one<Drain>().session == 7);
  caller.link.receive({}, Drained{7, 2}, caller.now);
  CHECK_FALSE(caller.link.finished());
  caller.consumer.settle(7, {1, 1}, Outcome::Accepted);
  caller.consumer.settle(7, {2, 2}, Outcome::Released);
  caller.link.announce(When::BeforeSleep);
  const auto out = caller.ear.said();
  REQUIRE(out.size() >= 2);
  const auto credit = std::get<Credit>(out[out.size() - 2].message);
  CHECK(credit.cum == 2);
  CHECK(credit.limit == 4);
  CHECK(credit.released == std::vector<SeqRange>{{2, 2}});
  CHECK(std::holds_alternative<Bye>(out.back().message));
  CHECK(caller.link.finished());
  CHECK(caller.link.connection() == 0);
}

TEST_CASE("a producer answers a drain and sends nothing more", "[link]") {
  Host host;
  const SessionId session = host.join("a", 1);
  host.producer.offer(1, 1, false);
  host.producer.offer(2, 1, false);
  host.grant("a", session, 1);
  REQUIRE(host.producer.next());
  host.grant("a", session, 8);
  host.link.receive("a", Drain{session}, host.now);
  CHECK(host.ear.said_one<Drained>().last == 1);
  CHECK_FALSE(host.producer.next());
  host.grant("a", session, 8, 1);
  host.link.receive("a", Bye{session}, host.now);
  CHECK(host.ear.ended() == Reasons{"goodbye"});
  CHECK(host.producer.take_accepted().size() == 1);
}

TEST_CASE("a producer that drains waits for what is in flight", "[link]") {
  Host host;
  const SessionId busy = host.join("a", 1);
  host.join("b", 2);
  host.producer.offer(1, 1, false);
  host.grant("a", busy, 1);
  REQUIRE(host.producer.next());
  host.producer.offer(2, 1, false);
  host.grant("a", busy, 2);
  host.link.drain(host.now);
  CHECK_FALSE(host.producer.next());       // stops sending
  CHECK(host.ear.count_said<Bye>() == 1);  // to the idle one
  CHECK_FALSE(host.link.finished());
  host.grant("a", busy, 2, 1);
  CHECK(host.ear.count_said<Bye>() == 1);
  CHECK(host.link.finished());
}

TEST_CASE("a draining consumer whose producer never answers ends by its silence", "[link]") {
  Caller caller;
  caller.begin(7);
  caller.link.drain(caller.now);
  for (int i = 0; i < 50 && !caller.link.finished(); ++i) {
    caller.now = std::max(caller.now + 1ms, caller.link.deadline());
    caller.link.tick(caller.now);
  }
  CHECK(caller.link.finished());
  CHECK(caller.link.connection() == 0);
}

TEST_CASE("a link that drains before it has a session never gets one", "[link]") {
  Caller caller;
  Welcome welcome;
  welcome.session = 7;
  const bool greeting = GENERATE(false, true);
  if (greeting) welcome.number = caller.greet().number;
  caller.link.drain(caller.now);
  CHECK(caller.link.finished());
  CHECK(caller.link.connection() == 0);
  caller.link.receive({}, welcome, caller.now);
  caller.link.connected(caller.now);
  caller.now += 10s;
  caller.link.tick(caller.now);
  CHECK(caller.link.sessions() == 0);
  CHECK(caller.link.connection() == 0);
  CHECK(caller.ear.count_said<Hello>() == 0);
}
