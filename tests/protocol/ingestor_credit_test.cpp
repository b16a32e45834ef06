// An ingestor and what it is granted: how many posts, which ones, and what comes again.
#include <string>
#include <utility>
#include <vector>

#include "tests/catch.hpp"
#include "tests/protocol/raw_peer.hpp"
#include "tests/protocol/stages.hpp"

namespace pullwire::tests {
namespace {

using flow::ErrorCode;
using Ids = std::vector<std::string>;

/// Takes three posts in a session of its own, and settles the first.
void take_three_settle_one(RawPeer& consumer) {
  consumer.greet();
  consumer.grant(3);
  REQUIRE(consumer.events(3).size() == 3);
  consumer.settle(1);
  consumer.round_trip();
}

/// The next post comes alone, in its second delivery; nothing follows until it is settled.
void expect_suspect(RawPeer& consumer, flow::Seq seq, const std::string& post_id) {
  const auto events = consumer.events(1);
  CHECK(post_ids_of(events) == Ids{post_id});
  CHECK(events[0].seq == seq);
  CHECK(events[0].delivery == flow::Delivery{.redelivered = true, .attempts = 2});
  CHECK(events[0].age_ms >= 1);  // since the other session ended
  CHECK(events[0].age_ms < 30'000);
  consumer.round_trip();
  CHECK(consumer.untaken() == 0);
  consumer.settle(seq);
}

}  // namespace

TEST_CASE("without credit no post is sent and no source is asked", "[ingestor]") {
  LoneIngestor ingestor;
  RawConsumer consumer{ingestor.endpoint()};
  consumer.greet();
  CHECK(consumer.heartbeats(2).sent == 0);
  CHECK(consumer.untaken() == 0);
  CHECK(ingestor.total("pullwire_source_requests_total") == 0);
  CHECK(ingestor.total("pullwire_sessions") == 1);

  consumer.grant(1);
  CHECK(post_ids_of(consumer.events(1)) == Ids{"simulated:1"});
  CHECK(ingestor.total("pullwire_source_requests_total") > 0);
}

TEST_CASE("as many posts come as were granted", "[ingestor]") {
  LoneIngestor ingestor;
  RawConsumer consumer{ingestor.endpoint()};
  consumer.greet();
  consumer.grant(3);
  const auto events = consumer.events(3);
  CHECK(post_ids_of(events) == Ids{"simulated:1", "simulated:2", "simulated:3"});
  for (std::size_t i = 0; i < events.size(); ++i) {
    CHECK(events[i].seq == i + 1);
    CHECK(events[i].delivery == flow::Delivery{});
  }
  CHECK(consumer.heartbeats(2).sent == 3);
  CHECK(consumer.untaken() == 0);
}

TEST_CASE("a credit that is repeated or older changes nothing", "[ingestor]") {
  LoneIngestor ingestor;
  RawConsumer consumer{ingestor.endpoint()};
  consumer.greet();
  consumer.grant(3);
  CHECK(consumer.events(3).size() == 3);
  for (const flow::Seq limit : {3U, 3U, 2U, 0U}) consumer.grant(limit);
  consumer.round_trip();
  CHECK(consumer.untaken() == 0);

  consumer.settle(3);
  consumer.settle(2);  // older: nothing comes again
  consumer.grant(4);
  const auto events = consumer.events(1);
  CHECK(events[0].seq == 4);
  CHECK(post_ids_of(events) == Ids{"simulated:4"});
}

TEST_CASE("settled posts make room for a higher limit", "[ingestor]") {
  LoneIngestor ingestor;
  RawConsumer consumer{ingestor.endpoint()};
  consumer.hello.max_demand = 2;
  consumer.greet();
  consumer.grant(2);
  CHECK(consumer.events(2).size() == 2);
  consumer.send(flow::Credit{
      .session = consumer.session(), .limit = 3, .cum = 0, .settled = {{2, 2}}, .released = {}});
  CHECK(post_ids_of(consumer.events(1)) == Ids{"simulated:3"});
  CHECK(consumer.heartbeats(1).confirmed == 0);
  CHECK(
      meanwhile([&] { return ingestor.total("pullwire_events_settled_total", "accepted") == 1; }));
}

TEST_CASE("after a broken connection unsettled posts come again one by one", "[ingestor]") {
  LoneIngestor ingestor;
  {
    RawConsumer first{ingestor.endpoint()};
    take_three_settle_one(first);
    first.vanish();
  }
  RawConsumer second{ingestor.endpoint()};
  second.greet();
  REQUIRE(meanwhile(
      [&] { return ingestor.total("pullwire_sessions_ended_total", "disconnected") == 1; }));
  second.grant(10);
  expect_suspect(second, 1, "simulated:2");
  expect_suspect(second, 2, "simulated:3");
  const auto events = second.events(8);
  CHECK(post_id_of(events[0]) == "simulated:4");
  CHECK(events[0].delivery == flow::Delivery{});
}

TEST_CASE("after silence unsettled posts come again one by one", "[ingestor]") {
  LoneIngestor ingestor;
  RawConsumer first{ingestor.endpoint()};
  RawConsumer second{ingestor.endpoint()};
  second.greet();
  take_three_settle_one(first);
  first.fall_silent();
  REQUIRE(
      meanwhile([&] { return ingestor.total("pullwire_sessions_ended_total", "silent") == 1; }));
  second.grant(10);
  expect_suspect(second, 1, "simulated:2");
  expect_suspect(second, 2, "simulated:3");
}

TEST_CASE("after a broken protocol unsettled posts come again one by one", "[ingestor]") {
  LoneIngestor ingestor;
  RawConsumer first{ingestor.endpoint()};
  RawConsumer second{ingestor.endpoint()};
  take_three_settle_one(first);
  SECTION("as the ingestor finds") {
    first.send_bytes("garbage");
    CHECK(first.expect<flow::Error>().code == ErrorCode::Malformed);
  }
  SECTION("as the republisher says") {
    first.send(
        flow::Error{.session = first.session(), .code = ErrorCode::Malformed, .text = "no post"});
    REQUIRE(meanwhile(
        [&] { return ingestor.total("pullwire_sessions_ended_total", "malformed") == 1; }));
  }
  second.greet();
  second.grant(10);
  expect_suspect(second, 1, "simulated:2");
  expect_suspect(second, 2, "simulated:3");
}

TEST_CASE("after a goodbye unsettled posts come again, together and unsuspected", "[ingestor]") {
  LoneIngestor ingestor;
  RawConsumer first{ingestor.endpoint()};
  take_three_settle_one(first);
  first.bye();
  RawConsumer second{ingestor.endpoint()};
  REQUIRE(
      meanwhile([&] { return ingestor.total("pullwire_sessions_ended_total", "goodbye") == 1; }));
  second.greet();
  second.grant(3);
  const auto events = second.events(3);
  CHECK(post_ids_of(events) == Ids{"simulated:2", "simulated:3", "simulated:4"});
  CHECK(events[0].delivery == flow::Delivery{.redelivered = true});
  CHECK(events[1].delivery == flow::Delivery{.redelivered = true});
  CHECK(events[2].delivery == flow::Delivery{});
}

TEST_CASE("after a kill posts say for how long nobody can have had them", "[ingestor]") {
  LoneIngestor ingestor;
  {
    RawConsumer first{ingestor.endpoint()};
    take_three_settle_one(first);
    ingestor.restart();
  }
  RawConsumer second{ingestor.endpoint()};
  second.greet();
  second.grant(1);
  const auto events = second.events(1);
  CHECK(events[0].delivery == flow::Delivery{.redelivered = true});
  CHECK(events[0].age_ms >= 1);  // since the ingestor began
  CHECK(events[0].age_ms < 30'000);
}

TEST_CASE("a post with whom max_attempts sessions died is to be given up", "[ingestor]") {
  LoneIngestor ingestor{{"--max-attempts", "2"}};
  for (int deaths = 0; deaths < 3; ++deaths) {
    RawConsumer consumer{ingestor.endpoint()};
    consumer.greet();
    REQUIRE(meanwhile(
        [&] { return ingestor.total("pullwire_sessions_ended_total", "disconnected") == deaths; }));
    consumer.grant(1);
    const auto events = consumer.events(1);
    CHECK(post_ids_of(events) == Ids{"simulated:1"});
    CHECK(events[0].delivery.give_up == (deaths == 2));
    CHECK(events[0].delivery.attempts == std::min(deaths + 1, 2));
    consumer.vanish();
  }
}

TEST_CASE("released posts come again as if for the first time", "[ingestor]") {
  LoneIngestor ingestor;
  RawConsumer consumer{ingestor.endpoint()};
  consumer.greet();
  consumer.grant(3);
  CHECK(consumer.events(3).size() == 3);
  consumer.settle(3, {{2, 3}});
  consumer.grant(6);
  const auto events = consumer.events(3);
  CHECK(post_ids_of(events) == Ids{"simulated:2", "simulated:3", "simulated:4"});
  for (const Arrived& event : events) CHECK(event.delivery == flow::Delivery{});
  CHECK(ingestor.total("pullwire_events_settled_total", "released") == 2);
}

TEST_CASE("nothing follows the answer to a drain before more is granted", "[ingestor]") {
  LoneIngestor ingestor;
  RawConsumer consumer{ingestor.endpoint()};
  consumer.hello.max_demand = 1000;
  consumer.greet();
  consumer.grant(700);
  consumer.send(flow::Drain{consumer.session()});
  const auto drained = consumer.expect<flow::Drained>();
  CHECK(consumer.untaken() == drained.last);
  consumer.grant(0);
  consumer.round_trip();
  CHECK(consumer.heartbeats(1).sent == drained.last);
  CHECK(consumer.untaken() == drained.last);
  consumer.grant(drained.last + 5);
  consumer.events(drained.last + 5);
  consumer.settle(drained.last + 5);
  consumer.bye();
  CHECK(meanwhile([&] { return ingestor.total("pullwire_sessions") == 0; }));
  CHECK(ingestor.total("pullwire_events_settled_total", "accepted") ==
        static_cast<double>(drained.last + 5));
}

TEST_CASE("a state that cannot be ends the session", "[ingestor]") {
  LoneIngestor ingestor;
  RawConsumer consumer{ingestor.endpoint()};
  consumer.greet();
  SECTION("settled and never sent") {
    consumer.settle(5);
  }
  SECTION("more granted than max_demand") {
    consumer.grant(11);
  }
  SECTION("a heartbeat with such a credit") {
    consumer.send(flow::Heartbeat{
        .session = consumer.session(),
        .credit =
            flow::Credit{.session = consumer.session(), .limit = 11, .settled = {}, .released = {}},
        .gauges = {}});
  }
  const auto error = consumer.expect<flow::Error>();
  CHECK(error.code == ErrorCode::Invalid);
  CHECK(error.session == consumer.session());
  CHECK(ingestor.total("pullwire_sessions") == 0);
  CHECK(ingestor.total("pullwire_sessions_ended_total", "invalid") == 1);
  CHECK(consumer.untaken() == 0);
}

}  // namespace pullwire::tests
