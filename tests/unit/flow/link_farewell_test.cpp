#include "tests/unit/flow/link_fixture.hpp"

using namespace pullwire::flow;
using namespace pullwire::flow::fixture;

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

TEST_CASE("a session that ends says how many events come again", "[link]") {
  Host host;
  const SessionId session = host.join("a", 1);
  for (const EventTag event : {1U, 2U, 3U}) host.producer.offer(event, 1, false);
  host.grant("a", session, 3);
  while (host.producer.next()) {
  }
  host.grant("a", session, 3, 1);
  host.link.disconnected("a", host.now);
  const auto changes = host.link.take_changes();
  REQUIRE_FALSE(changes.empty());
  CHECK(std::get<Link::Ended>(changes.back()).unsettled == 2);

  Caller caller;
  caller.begin(7);
  REQUIRE(caller.link.receive({}, DataHead{7, 1, 2}, caller.now));
  caller.consumer.settle(7, {1, 1}, Outcome::Accepted);
  caller.link.disconnected({}, caller.now);
  const auto theirs = caller.link.take_changes();
  REQUIRE_FALSE(theirs.empty());
  CHECK(std::get<Link::Ended>(theirs.back()).unsettled == 1);
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
  CHECK(credit.limit == 2);
  CHECK(credit.released == std::vector<SeqRange>{{2, 2}});
  CHECK(std::holds_alternative<Bye>(out.back().message));
  CHECK(caller.link.finished());
  CHECK(caller.link.connection() == 0);
}

TEST_CASE("a producer answers a drain and sends no more than is granted anew", "[link]") {
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
  host.grant("a", session, 0, 1);
  CHECK_FALSE(host.producer.next());
  host.grant("a", session, 2, 1);
  CHECK(host.producer.next());
  host.grant("a", session, 2, 2);
  host.link.receive("a", Bye{session}, host.now);
  CHECK(host.ear.ended() == Reasons{"goodbye"});
  CHECK(host.producer.take_accepted().size() == 2);
}

TEST_CASE("a peer that keeps what is asked back loses its session", "[link]") {
  Link::Config config;
  Consumer consumer{{.min = 1, .max = 4}, Consumer::Budget::Shared};
  Link link{config, consumer};
  Ear ear{link};
  Time now = 1000s;
  link.tick(now);
  link.receive("a", hello(1, 1, Role::Producer), now);
  const SessionId greedy = ear.said_one<Welcome>().session;
  link.receive("b", hello(2, 1, Role::Producer), now);
  const SessionId other = ear.said_one<Welcome>().session;
  link.announce(When::BeforeSleep);
  CHECK(ear.count_said<Drain>() == 1);
  Reasons ended;
  for (const Time end = now + 7s; now < end; now += 100ms) {
    for (const auto& [route, session] : {std::pair{"a", greedy}, std::pair{"b", other}}) {
      if (link.route(session) != nullptr) link.receive(route, heartbeat(session), now);
    }
    link.tick(now);
    link.announce(When::BeforeSleep);
    for (const std::string& reason : ear.ended()) ended.push_back(reason);
  }
  CHECK(ended == Reasons{"invalid"});
  CHECK(link.route(greedy) == nullptr);
  CHECK(consumer.state(other).limit == 4);
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
