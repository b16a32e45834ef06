#include "tests/unit/flow/link_fixture.hpp"

using namespace pullwire::flow;
using namespace pullwire::flow::fixture;

TEST_CASE("both sides say every half second that they live", "[link]") {
  Host host;
  host.join("a", 1);
  host.pass(2s);
  CHECK(host.ear.count_said<Heartbeat>() == 4);
}

TEST_CASE("a heartbeat carries what its process wants known, asked for each time", "[link]") {
  int asked = 0;
  Link::Config config;
  config.gauges = [&asked] { return std::to_string(++asked); };
  Host host{std::move(config)};
  host.join("a", 1);
  host.pass(500ms);
  CHECK(host.ear.said_one<Heartbeat>().gauges == "1");
  host.pass(500ms);
  CHECK(host.ear.said_one<Heartbeat>().gauges == "2");
}

TEST_CASE("who called sends its heartbeat along when one comes", "[link]") {
  Caller caller;
  caller.begin(7);
  for (int i = 0; i < 20; ++i) {
    caller.now += kHeartbeatEvery + 10ms;        // the peer's loop is late, too
    CHECK(caller.link.deadline() > caller.now);  // no need to wake before
    caller.link.receive({}, heartbeat(7), caller.now);
    CHECK(caller.ear.count_said<Heartbeat>() == 1);
  }
}

TEST_CASE("who called says that it lives, even if it hears nothing", "[link]") {
  Caller caller;
  caller.begin(7);
  std::size_t beats = 0;
  for (const Time end = caller.now + kDeadAfter - 1ms; caller.link.deadline() < end;) {
    caller.now = std::max(caller.now + 1ms, caller.link.deadline());
    caller.link.tick(caller.now);
    beats += caller.ear.count_said<Heartbeat>();
  }
  CHECK(beats == 4);
}

TEST_CASE("heartbeats that come too often are not all answered", "[link]") {
  Caller caller;
  caller.begin(7);
  int beats = 0;
  for (int i = 0; i < 1000; ++i) {
    caller.now += 1ms;
    caller.link.receive({}, heartbeat(7), caller.now);
    beats += static_cast<int>(caller.ear.count_said<Heartbeat>());
  }
  CHECK(beats == 3);
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

TEST_CASE("what waited while we stood still is no proof that a peer counts on us", "[link]") {
  Host host;
  const SessionId session = host.join("a", 1);
  host.pass(2s);
  host.link.receive("a", heartbeat(session), host.now);
  CHECK(host.link.heard_lately(session, host.now));
  host.now += 2s;
  CHECK_FALSE(host.link.heard_lately(session, host.now));
  host.link.receive("a", heartbeat(session), host.now);  // had been waiting
  CHECK_FALSE(host.link.heard_lately(session, host.now));
  host.link.tick(host.now);
  CHECK_FALSE(host.link.heard_lately(session, host.now));
  host.pass(399ms);
  host.link.receive("a", heartbeat(session), host.now);
  CHECK_FALSE(host.link.heard_lately(session, host.now));
  host.pass(1ms);
  host.link.receive("a", heartbeat(session), host.now);  // cannot be that old
  CHECK(host.link.heard_lately(session, host.now));
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

TEST_CASE("who gave us up while we stood still is not said to have died of an event", "[link]") {
  Host host;
  host.producer.offer(1, 1, false);
  const SessionId session = host.join("a", 1);
  host.grant("a", session, 8);
  REQUIRE(host.producer.next());
  host.now += 4s;
  const bool ticked = GENERATE(false, true);
  if (ticked) host.pass(1s);
  int deaths = 0;
  SECTION("its connection is gone") {}
  SECTION("the same, after what it had sent before") {
    host.link.receive("a", heartbeat(session), host.now);
    deaths = ticked ? 1 : 0;  // by then it counted on us again
  }
  host.link.disconnected("a", host.now);
  CHECK(host.ear.ended() == Reasons{"disconnected"});
  host.ear.said();
  host.grant("b", host.join("b", 2), 8);
  const auto again = host.producer.next();
  REQUIRE(again);
  CHECK(again->events[0].delivery == Delivery{true, false, static_cast<std::uint16_t>(1 + deaths)});
}

TEST_CASE("a tick leaves the next one in the future, not much more than half a second away",
          "[link]") {
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
      CHECK(next <= host.now + kHeartbeatEvery * 21 / 20);
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
