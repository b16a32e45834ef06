#include "tests/unit/flow/producer_fixture.hpp"

using namespace pullwire::flow;
using namespace pullwire::flow::fixture;

TEST_CASE("nothing is sent without credit", "[producer]") {
  Desk desk;
  desk.offer(1, 5);
  CHECK(desk.next().empty());
  desk.join(1, 100, 0);
  CHECK(desk.next().empty());
  REQUIRE_FALSE(desk.grant(1, 2));
  CHECK(desk.next() == Tags{1, 2});
  CHECK(desk.next().empty());
  CHECK(desk.producer.waiting() == 3);
  CHECK(desk.producer.in_flight() == 2);
}

TEST_CASE("a message holds at most a quarter of the consumer's max_demand", "[producer]") {
  Desk desk;
  desk.offer(1, 20);
  desk.join(1, 8);
  CHECK(desk.next().size() == 2);
  desk.join(2, 3);
  desk.send_all();
  CHECK(desk.producer.in_flight(1) == 8);
  CHECK(desk.producer.in_flight(2) == 3);  // one by one
}

TEST_CASE("a message ends before it is larger than batch_bytes", "[producer]") {
  Desk desk{{.batch_events = 500, .batch_bytes = 100}};
  desk.join(1, 1000);
  desk.offer(1, 4, 40);
  desk.offer(5, 5, 5000);
  CHECK(desk.next() == Tags{1, 2});
  CHECK(desk.next() == Tags{3, 4});
  CHECK(desk.next() == Tags{5});  // larger than a batch: alone
}

TEST_CASE("a message holds at most batch_events", "[producer]") {
  Desk desk{{.batch_events = 7}};
  desk.join(1, 1000);
  desk.offer(1, 20);
  CHECK(desk.next().size() == 7);
}

TEST_CASE("the consumer with most credit is served, then the one that waited longest",
          "[producer]") {
  Desk desk;
  desk.join(1, 4, 2);
  desk.join(2, 4, 4);
  desk.join(3, 4, 3);
  desk.offer(1, 9);
  CHECK(desk.send_all() == std::vector<SessionId>{2, 3, 2, 1, 3, 2, 1, 3, 2});
  CHECK(desk.producer.credit() == 0);
}

TEST_CASE("credit is a total: repeated or old states change nothing", "[producer]") {
  Desk desk;
  desk.offer(1, 50);
  desk.join(1, 8);
  desk.send_all();
  REQUIRE_FALSE(desk.grant(1, 12, 4));
  REQUIRE_FALSE(desk.grant(1, 12, 4));
  REQUIRE_FALSE(desk.grant(1, 8));  // overtaken by the one above
  CHECK(desk.producer.credit() == 4);
  CHECK(desk.producer.in_flight() == 4);
  CHECK(desk.producer.take_accepted() == Tags{1, 2, 3, 4});
  CHECK(desk.producer.take_accepted().empty());
}

TEST_CASE("overlapping states settle each event once", "[producer]") {
  Desk desk;
  desk.offer(1, 10);
  desk.join(1, 40);
  desk.send_all();
  REQUIRE_FALSE(desk.grant(1, 42, 0, {{2, 3}}, {{3, 3}}));
  CHECK(desk.producer.take_accepted() == Tags{2});
  REQUIRE_FALSE(desk.grant(1, 46, 4, {{6, 7}}, {{3, 4}, {7, 7}}));
  CHECK(desk.producer.take_accepted() == Tags{1, 6});
  REQUIRE_FALSE(desk.grant(1, 44, 4, {}, {{3, 4}}));  // an older one
  CHECK(desk.producer.released_total() == 3);
  CHECK(desk.producer.accepted_total() == 3);
  CHECK(desk.next() == Tags{4, 7, 3});
  CHECK(desk.producer.in_flight() == 7);
}

TEST_CASE("what was released goes to another, not as redelivered", "[producer]") {
  Desk desk;
  desk.offer(1, 3);
  desk.join(1, 12, 3);
  desk.send_all();
  desk.producer.drain(1);
  desk.join(2, 12);
  REQUIRE_FALSE(desk.grant(1, 3, 3, {}, {{2, 3}}));
  CHECK(desk.next() == Tags{2, 3});
  CHECK(desk.last == 2);
  CHECK(desk.deliveries[0] == Delivery{.redelivered = false, .give_up = false, .attempts = 1});
}

TEST_CASE("a state that cannot be is refused and changes nothing", "[producer]") {
  Desk desk;
  desk.offer(1, 10);
  desk.join(1, 8, 4);
  desk.send_all();
  CHECK(desk.grant(1, 13, 5) == ErrorCode::Invalid);                   // settled before sent
  CHECK(desk.grant(1, 9, 0) == ErrorCode::Invalid);                    // beyond max_demand
  CHECK(desk.grant(1, UINT64_MAX, 4) == ErrorCode::Invalid);           // far beyond
  CHECK(desk.grant(1, 8, 0, {{0, 1}}) == ErrorCode::Invalid);          // there is no event 0
  CHECK(desk.grant(1, 8, 0, {{3, 2}}) == ErrorCode::Invalid);          // backwards
  CHECK(desk.grant(1, 8, 0, {{2, 3}, {3, 4}}) == ErrorCode::Invalid);  // twice
  CHECK(desk.grant(1, 8, 2, {{2, 3}}) == ErrorCode::Invalid);          // in both
  CHECK(desk.grant(1, 8, 0, {{4, 5}}) == ErrorCode::Invalid);
  CHECK(desk.grant(1, 8, 4, {}, {{1, UINT64_MAX}}) == ErrorCode::Invalid);
  CHECK(desk.producer.credit() == 0);
  CHECK(desk.producer.in_flight() == 4);
  CHECK(desk.producer.take_accepted().empty());
}

TEST_CASE("when a session ends its unsettled events are sent first, redelivered", "[producer]") {
  Desk desk;
  desk.offer(1, 8);
  desk.join(1, 24, 6);
  desk.send_all();
  REQUIRE_FALSE(desk.grant(1, 8, 1, {{3, 4}}));
  desk.send_all();
  desk.producer.close(1, Ending::Died, Time{7});
  CHECK(desk.producer.credit() == 0);
  CHECK(desk.producer.in_flight() == 0);
  desk.offer(9, 9);
  desk.join(2, 24);
  CHECK(desk.next() == Tags{2, 5, 6, 7, 8, 9});
  CHECK(desk.deliveries.front() == Delivery{.redelivered = true, .give_up = false, .attempts = 2});
  CHECK(desk.deliveries.back() == Delivery{.redelivered = false, .give_up = false, .attempts = 1});
  CHECK(desk.returned.front() == Time{7});
  CHECK(desk.returned.back() == Time{});
}

TEST_CASE("a stopped session is sent nothing more, and still settles", "[producer]") {
  Desk desk;
  desk.offer(1, 5);
  desk.join(1, 8, 2);
  desk.send_all();
  REQUIRE_FALSE(desk.grant(1, 8));
  desk.producer.stop(1);
  CHECK(desk.producer.credit() == 0);
  CHECK(desk.next().empty());
  REQUIRE_FALSE(desk.grant(1, 10, 2));
  CHECK(desk.producer.take_accepted() == Tags{1, 2});
  CHECK(desk.next().empty());
}

TEST_CASE("a drained session gives its credit back until it is granted more", "[producer]") {
  Desk desk;
  desk.offer(1, 5);
  desk.join(1, 8, 2);
  desk.send_all();
  REQUIRE_FALSE(desk.grant(1, 8));
  CHECK(desk.producer.drain(1) == 2);
  CHECK(desk.producer.credit() == 0);
  CHECK(desk.next().empty());
  REQUIRE_FALSE(desk.grant(1, 0, 1));  // while the answer is under way
  CHECK(desk.producer.credit() == 0);
  REQUIRE_FALSE(desk.grant(1, 4, 2));
  CHECK(desk.next() == Tags{3, 4});
  CHECK(desk.producer.drain(1) == 4);
}

TEST_CASE("a heartbeat tells what was sent and what is known to be settled", "[producer]") {
  Desk desk;
  desk.offer(1, 5);
  desk.join(1, 20, 5);
  desk.send_all();
  REQUIRE_FALSE(desk.grant(1, 5, 2, {{4, 4}}));
  Heartbeat heartbeat;
  heartbeat.session = 1;
  desk.producer.fill(heartbeat);
  CHECK(heartbeat.sent == 5);
  CHECK(heartbeat.confirmed == 2);
}
