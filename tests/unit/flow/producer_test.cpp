#include "common/flow/producer.hpp"

#include "tests/catch.hpp"

using namespace pullwire::flow;

namespace {

using Tags = std::vector<EventTag>;
using Ranges = std::vector<SeqRange>;

/// A producer whose consumers grant and settle by one word.
struct Desk {
  explicit Desk(Producer::Config config = {}) : producer{config} {}

  void offer(EventTag from, EventTag to, std::size_t bytes = 10) {
    for (EventTag tag = from; tag <= to; ++tag) producer.offer(tag, bytes, false);
  }
  /// A session that has granted `credit`, by default all of `max_demand`.
  void join(SessionId session, std::uint32_t max_demand, Seq credit) {
    producer.open(session, max_demand);
    REQUIRE_FALSE(grant(session, credit));
  }
  void join(SessionId session, std::uint32_t max_demand) { join(session, max_demand, max_demand); }
  std::optional<ErrorCode> grant(SessionId session, Seq limit, Seq cum = 0, Ranges settled = {},
                                 Ranges released = {}) {
    return producer.take(Credit{session, limit, cum, settled, released});
  }
  /// Sends a message; its events.
  Tags next() {
    const auto batch = producer.next();
    Tags tags;
    if (!batch) return tags;
    last = batch->session;
    deliveries.clear();
    for (const auto& [tag, delivery] : batch->events) {
      tags.push_back(tag);
      deliveries.push_back(delivery);
    }
    return tags;
  }
  /// Sends all that can be sent: the sessions in the order in which they were served.
  std::vector<SessionId> send_all() {
    std::vector<SessionId> served;
    while (!next().empty()) served.push_back(last);
    return served;
  }

  Producer producer;
  SessionId last = 0;                // session of the last message
  std::vector<Delivery> deliveries;  // of its events
};

}  // namespace

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
  desk.producer.stop(1);
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
  desk.producer.close(1, Ending::Died);
  CHECK(desk.producer.credit() == 0);
  CHECK(desk.producer.in_flight() == 0);
  desk.offer(9, 9);
  desk.join(2, 24);
  CHECK(desk.next() == Tags{2, 5, 6, 7, 8, 9});
  CHECK(desk.deliveries.front() == Delivery{.redelivered = true, .give_up = false, .attempts = 2});
  CHECK(desk.deliveries.back() == Delivery{.redelivered = false, .give_up = false, .attempts = 1});
}

TEST_CASE("a stopped session is sent nothing more, and still settles", "[producer]") {
  Desk desk;
  desk.offer(1, 5);
  desk.join(1, 8, 2);
  desk.send_all();
  REQUIRE_FALSE(desk.grant(1, 8));
  CHECK(desk.producer.stop(1) == 2);
  CHECK(desk.producer.credit() == 0);
  CHECK(desk.next().empty());
  REQUIRE_FALSE(desk.grant(1, 10, 2));
  CHECK(desk.producer.take_accepted() == Tags{1, 2});
  CHECK(desk.next().empty());
  CHECK(desk.producer.stop(1) == 2);
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

// -- Events that may have killed their session ---------------------------------------

namespace {

const Producer::Config kGuarded{.batch_events = 500, .batch_bytes = 128 * 1024, .max_attempts = 3};

}  // namespace

TEST_CASE("an event whose session died travels alone while others flow", "[producer]") {
  Desk desk{kGuarded};
  desk.offer(1, 2);
  desk.join(1, 8);
  desk.send_all();
  desk.producer.close(1, Ending::Died);
  desk.join(2, 8);
  desk.join(3, 8);
  desk.offer(3, 6);
  CHECK(desk.next() == Tags{1});
  const SessionId alone = desk.last;
  CHECK(desk.deliveries[0].attempts == 2);
  const SessionId other = alone == 2 ? 3 : 2;
  for (const SessionId served : desk.send_all()) CHECK(served == other);
  CHECK(desk.producer.in_flight(alone) == 1);
  CHECK(desk.producer.in_flight(other) == 4);
  REQUIRE_FALSE(desk.grant(alone, 9, 1));
  CHECK(desk.next() == Tags{2});
  CHECK(desk.last == alone);
  REQUIRE_FALSE(desk.grant(alone, 10, 2));
  CHECK(desk.next().empty());
  CHECK(desk.producer.credit() == 8 + 4);  // is one of many again
}

TEST_CASE("a suspect waits until its session is empty", "[producer]") {
  Desk desk{kGuarded};
  desk.join(1, 8);
  desk.offer(1, 1);
  desk.send_all();
  desk.join(2, 8);
  desk.offer(2, 7);
  desk.send_all();
  desk.producer.close(1, Ending::Died);
  REQUIRE(desk.producer.in_flight(2) > 0);
  desk.offer(20, 21);
  CHECK(desk.next().empty());  // the only session is being emptied
  REQUIRE_FALSE(desk.grant(2, 8 + desk.producer.in_flight(2), desk.producer.in_flight(2)));
  CHECK(desk.next().size() == 1);
  CHECK(desk.deliveries[0].redelivered);
}

TEST_CASE("an event is given up once max_attempts sessions died of it", "[producer]") {
  Desk desk{kGuarded};
  desk.offer(1, 1);
  std::vector<Delivery> seen;
  for (SessionId session = 1; session <= 4; ++session) {
    desk.join(session, 4);
    REQUIRE(desk.next() == Tags{1});
    seen.push_back(desk.deliveries[0]);
    if (session < 4) desk.producer.close(session, Ending::Died);
  }
  CHECK(seen == std::vector<Delivery>{
                    {false, false, 1}, {true, false, 2}, {true, false, 3}, {true, true, 3}});
  REQUIRE_FALSE(desk.grant(4, 5, 1));
  CHECK(desk.producer.take_accepted() == Tags{1});
}

TEST_CASE("a goodbye makes no suspect", "[producer]") {
  Desk desk{kGuarded};
  desk.offer(1, 4);
  desk.join(1, 16);
  desk.send_all();
  desk.producer.close(1, Ending::Parted);
  desk.join(2, 16);
  CHECK(desk.next() == Tags{1, 2, 3, 4});
  CHECK(desk.deliveries[0] == Delivery{.redelivered = true, .give_up = false, .attempts = 1});
}

TEST_CASE("suspects move on when the isolated session ends", "[producer]") {
  Desk desk{kGuarded};
  desk.offer(1, 2);
  desk.join(1, 8);
  desk.send_all();
  desk.producer.close(1, Ending::Died);
  desk.join(2, 8);
  REQUIRE(desk.next() == Tags{1});
  const Ending ending = GENERATE(Ending::Parted, Ending::Died);
  desk.producer.close(2, ending);
  desk.join(3, 8);
  CHECK(desk.next() == Tags{1});
  CHECK(desk.deliveries[0].attempts == (ending == Ending::Died ? 3 : 2));
  REQUIRE_FALSE(desk.grant(3, 9, 1));
  CHECK(desk.next() == Tags{2});
}

TEST_CASE("suspects move on when the isolated session drains", "[producer]") {
  Desk desk{kGuarded};
  desk.offer(1, 2);
  desk.join(1, 8);
  desk.send_all();
  desk.producer.close(1, Ending::Died);
  desk.join(2, 8);
  REQUIRE(desk.next() == Tags{1});
  desk.producer.stop(2);
  CHECK(desk.next().empty());
  desk.join(3, 8);
  CHECK(desk.next() == Tags{2});
  REQUIRE_FALSE(desk.grant(2, 8, 1, {}, {{1, 1}}));  // given back unbegun
  CHECK(desk.next().empty());
  REQUIRE_FALSE(desk.grant(3, 9, 1));
  CHECK(desk.next() == Tags{1});
  CHECK(desk.last == 3);
}

TEST_CASE("suspects do not wait for a session that grants nothing", "[producer]") {
  Desk desk{kGuarded};
  desk.offer(1, 1);
  desk.join(1, 8);
  desk.send_all();
  desk.producer.close(1, Ending::Died);
  desk.join(2, 8, 0);  // its gate is closed
  desk.offer(2, 3);
  CHECK(desk.next().empty());
  desk.join(3, 8);
  CHECK(desk.next() == Tags{1});
  CHECK(desk.last == 3);
  REQUIRE_FALSE(desk.grant(3, 8, 1));
  CHECK(desk.next() == Tags{2, 3});
}

TEST_CASE("suspects leave a session that has stopped granting", "[producer]") {
  Desk desk{kGuarded};
  desk.offer(1, 3);
  desk.join(1, 8);
  desk.send_all();
  desk.producer.close(1, Ending::Died);
  desk.join(2, 8, 1);
  REQUIRE(desk.next() == Tags{1});
  REQUIRE_FALSE(desk.grant(2, 1, 1));  // settled, and no more
  CHECK(desk.next().empty());
  desk.join(3, 8);
  CHECK(desk.next() == Tags{2});
  CHECK(desk.last == 3);
}

TEST_CASE("suspects that wait do not keep the source from being asked", "[producer]") {
  Desk desk{kGuarded};
  desk.offer(1, 8);
  desk.join(1, 8);
  desk.send_all();
  desk.producer.close(1, Ending::Died);
  desk.join(2, 8);
  desk.join(3, 8);
  desk.send_all();
  CHECK(desk.producer.waiting() == 7);
  CHECK(desk.producer.wanted() == 8);
  desk.offer(9, 11);
  CHECK(desk.producer.wanted() == 5);
  desk.send_all();
  CHECK(desk.producer.wanted() == 5);
}
