#include "tests/unit/flow/link_fixture.hpp"

using namespace pullwire::flow;
using namespace pullwire::flow::fixture;

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

TEST_CASE("a connector that came while the other side drained tries again soon, not at once",
          "[link]") {
  Caller caller;
  const bool answered = GENERATE(true, false);
  for (int i = 0; i < 5; ++i) {
    const Hello m = caller.greet();
    if (answered) {
      caller.link.receive({}, Error{0, m.number, ErrorCode::ShuttingDown, "shutting down"},
                          caller.now);
    } else {
      caller.link.disconnected({}, caller.now);  // it ended before it could answer
    }
    CHECK(caller.link.connection() == 0);
    const Time waited = caller.until_it_tries_again();
    CHECK(waited >= kRetrySoon / 2);
    CHECK(waited <= kRetrySoon);
  }
  CHECK(caller.ear.refused().empty());
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
  while (caller.now - began < 10s && hellos <= 200) {
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
  const bool in_peace = how == 1;  // the other side restarts, again and again
  CHECK(hellos >= 10);
  CHECK(hellos <= (in_peace ? 200 : 20));
}

TEST_CASE("a connection that breaks before the answer is made anew", "[link]") {
  Caller caller;
  caller.greet();
  caller.link.disconnected({}, caller.now);
  CHECK(caller.until_it_tries_again() <= kRetrySoon);
  caller.link.disconnected({}, caller.now);  // nothing was said on this one yet
  CHECK(caller.link.connection() == 2);
}
