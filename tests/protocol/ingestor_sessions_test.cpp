// An ingestor and who talks to it: handshakes, strangers, and bytes that are no message.
#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "common/wire/codec.hpp"
#include "tests/catch.hpp"
#include "tests/protocol/raw_peer.hpp"
#include "tests/protocol/stages.hpp"

namespace pullwire::tests {
namespace {

using flow::ErrorCode;

/// Its session is as good as before: it is granted what it asks for.
void expect_unharmed(RawPeer& consumer) {
  consumer.round_trip();
  CHECK(consumer.untaken() == 0);
  consumer.grant(1);
  CHECK(post_id_of(consumer.events(1).at(0)) == "simulated:1");
}

/// Says it until it is answered: answers to strangers are limited in number.
flow::Error insist(RawPeer& stranger, const std::string& bytes) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < until) {
    stranger.send_bytes(bytes);
    if (auto error = stranger.try_expect<flow::Error>(1s)) return std::move(*error);
  }
  fail_waiting("a stranger got no answer");
}

}  // namespace

TEST_CASE("bytes that are no message are answered and harm nobody else", "[ingestor]") {
  LoneIngestor ingestor;
  RawConsumer good{ingestor.endpoint()};
  RawConsumer stranger{ingestor.endpoint()};
  good.greet();
  const std::string hello = wire::encode(stranger.hello);
  std::string other_format = hello;
  other_format.at(2) = 9;
  const std::vector<std::string> all{"",
                                     "PW",
                                     "GET / HTTP/1.1\r\n\r\n",
                                     hello.substr(0, hello.size() - 1),
                                     other_format,
                                     std::string("PW\x01\x04\xdd\xff\xff\xff\xff", 9),
                                     std::string(100'000, '\x91')};
  for (const std::string& bytes : all) {
    const auto error = insist(stranger, bytes);
    CHECK(error.code == ErrorCode::Malformed);
    CHECK(error.session == 0);
    CHECK(!error.text.empty());
  }
  stranger.greet();
  expect_unharmed(good);
  CHECK(ingestor.process().running());
}

TEST_CASE("bytes that are no message end the session they came in", "[ingestor]") {
  LoneIngestor ingestor;
  RawConsumer consumer{ingestor.endpoint()};
  consumer.greet();
  SECTION("garbage") {
    consumer.send_bytes("garbage");
  }
  SECTION("several frames") {
    const std::string frame =
        wire::encode(flow::Credit{.session = consumer.session(), .settled = {}, .released = {}});
    consumer.send_frames({frame, frame});
  }
  const auto error = consumer.expect<flow::Error>();
  CHECK(error.code == ErrorCode::Malformed);
  CHECK(error.session == consumer.session());
  CHECK(ingestor.total("pullwire_sessions_ended_total", "malformed") == 1);
  RawConsumer next{ingestor.endpoint()};
  next.greet();
  expect_unharmed(next);
}

TEST_CASE("a message that is too large costs its sender the connection", "[ingestor]") {
  LoneIngestor ingestor;
  RawConsumer good{ingestor.endpoint()};
  RawConsumer glutton{ingestor.endpoint()};
  good.greet();
  glutton.greet();
  glutton.send_bytes(std::string(5 * 1024 * 1024, 'x'));
  CHECK(meanwhile(
      [&] { return ingestor.total("pullwire_sessions_ended_total", "disconnected") == 1; }));
  expect_unharmed(good);
}

TEST_CASE("frames of a session that is not the sender's change nothing", "[ingestor]") {
  LoneIngestor ingestor;
  RawConsumer good{ingestor.endpoint()};
  RawConsumer stranger{ingestor.endpoint()};
  const auto welcome = good.greet();
  flow::SessionId named = welcome.session;
  SECTION("a session that is another's") {}
  SECTION("a session that never was") {
    named += 1;
  }
  const std::vector<flow::Message> answered{
      flow::Credit{.session = named, .limit = 5, .settled = {}, .released = {}},
      flow::Drain{named}};
  for (const flow::Message& message : answered) {
    const auto error = insist(stranger, wire::encode(message));
    CHECK(error.code == ErrorCode::UnknownSession);
    CHECK(error.session == named);
  }
  stranger.send(flow::Bye{named});
  stranger.send(flow::Error{.session = named, .code = ErrorCode::Invalid, .text = "no"});
  stranger.greet();  // read after them
  expect_unharmed(good);
  CHECK(ingestor.total("pullwire_sessions_ended_total") == 0);
}

TEST_CASE("a hello that is not the newest is refused", "[ingestor]") {
  LoneIngestor ingestor;
  RawConsumer newest{ingestor.endpoint()};
  newest.hello.number = 5;
  newest.greet();
  RawConsumer late{ingestor.endpoint()};
  late.hello.instance = newest.hello.instance;
  for (const std::uint64_t number : {4U, 5U}) {
    late.hello.number = number;
    const auto error = late.greet_in_vain();
    CHECK(error.code == ErrorCode::Replaced);
    CHECK(error.session == 0);
    CHECK(error.number == number);
  }
  expect_unharmed(newest);
}

TEST_CASE("a newer hello takes over from its instance's session", "[ingestor]") {
  LoneIngestor ingestor;
  RawConsumer old{ingestor.endpoint()};
  old.hello.number = 5;
  old.greet();
  old.grant(2);
  CHECK(old.events(2).size() == 2);
  RawConsumer newer{ingestor.endpoint()};
  newer.hello.instance = old.hello.instance;
  newer.hello.number = 6;
  CHECK(newer.greet().session != old.session());
  CHECK(ingestor.total("pullwire_sessions_ended_total", "replaced") == 1);
  CHECK(ingestor.total("pullwire_sessions") == 1);
  old.grant(10);
  const auto error = old.expect<flow::Error>();
  CHECK(error.code == ErrorCode::UnknownSession);
  newer.grant(2);
  const auto events = newer.events(2);
  CHECK(post_id_of(events[0]) == "simulated:1");
  CHECK(events[0].delivery == flow::Delivery{.redelivered = true});
  CHECK(old.untaken() == 0);
}

TEST_CASE("a hello that cannot be is refused with the reason", "[ingestor]") {
  LoneIngestor ingestor;
  RawConsumer consumer{ingestor.endpoint()};
  ErrorCode expected{};
  SECTION("of the same role") {
    consumer.hello.role = flow::Role::Producer;
    expected = ErrorCode::WrongRole;
  }
  SECTION("of later versions only") {
    consumer.hello.version_min = 2;
    consumer.hello.version_max = 3;
    expected = ErrorCode::Version;
  }
  SECTION("of earlier versions only") {
    consumer.hello.version_min = 0;
    consumer.hello.version_max = 0;
    expected = ErrorCode::Version;
  }
  SECTION("without demand") {
    consumer.hello.max_demand = 0;
    expected = ErrorCode::Invalid;
  }
  const auto error = consumer.greet_in_vain();
  CHECK(error.code == expected);
  CHECK(error.session == 0);
  CHECK(error.number == consumer.hello.number);
  CHECK(!error.text.empty());
  CHECK(ingestor.total("pullwire_sessions_ended_total") == 0);
}

TEST_CASE("a frame of the wrong direction ends the session", "[ingestor]") {
  LoneIngestor ingestor;
  RawConsumer consumer{ingestor.endpoint()};
  consumer.greet();
  SECTION("events") {
    consumer.produce({a_post("raw:1")});
  }
  SECTION("drained") {
    consumer.send(flow::Drained{consumer.session(), 0});
  }
  CHECK(consumer.expect<flow::Error>().code == ErrorCode::WrongRole);
  CHECK(ingestor.total("pullwire_sessions") == 0);
}

TEST_CASE("what later versions add to a message is passed over", "[ingestor]") {
  LoneIngestor ingestor;
  RawConsumer consumer{ingestor.endpoint()};
  consumer.hello.version_max = 7;
  consumer.send_bytes(with_further_element(consumer.hello));
  const auto first = consumer.expect<flow::Welcome>();
  CHECK(first.version == 1);
  CHECK(consumer.greet().session == first.session);
  const flow::SessionId session = first.session;
  consumer.send_bytes(with_further_element(
      flow::Credit{.session = session, .limit = 2, .settled = {}, .released = {}}));
  CHECK(consumer.events(2).size() == 2);
  consumer.send_bytes(with_further_element(flow::Heartbeat{
      .session = session,
      .credit =
          flow::Credit{.session = session, .limit = 3, .cum = 2, .settled = {}, .released = {}},
      .gauges = {}}));
  CHECK(consumer.events(1).size() == 1);
  consumer.send_bytes(with_further_element(flow::Drain{session}));
  CHECK(consumer.expect<flow::Drained>().last == 3);
  consumer.send_bytes(with_further_element(flow::Bye{session}));
  CHECK(meanwhile([&] { return ingestor.total("pullwire_sessions_ended_total", "goodbye") == 1; }));
}

TEST_CASE("an ingestor that ends waits for what is in flight and says goodbye", "[ingestor]") {
  LoneIngestor ingestor;
  RawConsumer consumer{ingestor.endpoint()};
  consumer.greet();
  consumer.grant(3);
  CHECK(consumer.events(3).size() == 3);
  ingestor.process().signal(SIGTERM);
  RawConsumer late{ingestor.endpoint()};
  REQUIRE(meanwhile([&] {
    const std::string log = ingestor.process().output();
    return log.find("drain") != std::string::npos;
  }));
  CHECK(late.greet_in_vain().code == ErrorCode::ShuttingDown);
  consumer.grant(10);
  consumer.heartbeats(2);
  CHECK(consumer.untaken() == 0);
  CHECK(ingestor.process().running());
  consumer.settle(3);
  consumer.expect<flow::Bye>();
  CHECK(ingestor.process().wait() == 0);
}

TEST_CASE("what is settled while an ingestor drains is stored before it ends", "[ingestor]") {
  LoneIngestor ingestor;
  RawConsumer consumer{ingestor.endpoint()};
  consumer.greet();
  consumer.grant(3);
  CHECK(consumer.events(3).size() == 3);
  ingestor.process().signal(SIGTERM);
  REQUIRE(
      meanwhile([&] { return ingestor.process().output().find("drain") != std::string::npos; }));
  const double before = ingestor.total("pullwire_cursor_lag_posts");
  consumer.settle(2);
  CHECK(meanwhile([&] { return ingestor.total("pullwire_cursor_lag_posts") == before - 2; }));
  CHECK(ingestor.process().running());
  consumer.settle(3);
  consumer.expect<flow::Bye>();
  CHECK(ingestor.process().wait() == 0);
}

}  // namespace pullwire::tests
