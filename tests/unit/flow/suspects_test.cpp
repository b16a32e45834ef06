// Events that may have killed their session.
#include "tests/unit/flow/producer_fixture.hpp"

using namespace pullwire::flow;
using namespace pullwire::flow::fixture;

namespace {

const Producer::Config kGuarded{.batch_events = 500, .batch_bytes = 128 * 1024, .max_attempts = 3};

}  // namespace

TEST_CASE("an event whose session died travels alone while others flow", "[producer]") {
  Desk desk{kGuarded};
  desk.offer(1, 2);
  desk.join(1, 8);
  desk.send_all();
  desk.producer.close(1, Ending::Died, Time{});
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
  desk.producer.close(1, Ending::Died, Time{});
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
    if (session < 4) desk.producer.close(session, Ending::Died, Time{});
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
  desk.producer.close(1, Ending::Parted, Time{});
  desk.join(2, 16);
  CHECK(desk.next() == Tags{1, 2, 3, 4});
  CHECK(desk.deliveries[0] == Delivery{.redelivered = true, .give_up = false, .attempts = 1});
}

TEST_CASE("suspects move on when the isolated session ends", "[producer]") {
  Desk desk{kGuarded};
  desk.offer(1, 2);
  desk.join(1, 8);
  desk.send_all();
  desk.producer.close(1, Ending::Died, Time{});
  desk.join(2, 8);
  REQUIRE(desk.next() == Tags{1});
  const Ending ending = GENERATE(Ending::Parted, Ending::Died);
  desk.producer.close(2, ending, Time{});
  desk.join(3, 8);
  CHECK(desk.next() == Tags{1});
  CHECK(desk.deliveries[0].attempts == (ending == Ending::Died ? 3 : 2));
  REQUIRE_FALSE(desk.grant(3, 9, 1));
  CHECK(desk.next() == Tags{2});
}

TEST_CASE("a suspect stays alone in a session that drains and is granted again", "[producer]") {
  Desk desk{kGuarded};
  desk.offer(1, 1);
  desk.join(1, 8);
  desk.send_all();
  desk.producer.close(1, Ending::Died, Time{});
  desk.offer(2, 3);
  desk.join(2, 8);
  REQUIRE(desk.next() == Tags{1});
  desk.producer.drain(2);
  REQUIRE_FALSE(desk.grant(2, 8));
  CHECK(desk.next().empty());
  REQUIRE_FALSE(desk.grant(2, 9, 1));
  CHECK(desk.next() == Tags{2, 3});
}

TEST_CASE("suspects move on when the isolated session drains", "[producer]") {
  Desk desk{kGuarded};
  desk.offer(1, 2);
  desk.join(1, 8);
  desk.send_all();
  desk.producer.close(1, Ending::Died, Time{});
  desk.join(2, 8);
  REQUIRE(desk.next() == Tags{1});
  desk.producer.drain(2);
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
  desk.producer.close(1, Ending::Died, Time{});
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
  desk.producer.close(1, Ending::Died, Time{});
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
  desk.producer.close(1, Ending::Died, Time{});
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
