#include "common/flow/consumer.hpp"

#include "tests/catch.hpp"

using namespace pullwire::flow;

namespace {

using When = Consumer::When;
using Ranges = std::vector<SeqRange>;

/// A consumer whose producers send and whose events are settled by one word.
struct Desk {
  explicit Desk(Consumer::Demand demand, Consumer::Budget budget = Consumer::Budget::Each)
      : consumer{demand, budget} {}

  void join(SessionId session) {
    consumer.open(session);
    received[session] = 0;
  }
  std::optional<ErrorCode> arrive(SessionId session, std::uint32_t count) {
    const auto error = consumer.receive({session, received[session] + 1, count});
    if (!error) received[session] += count;
    return error;
  }
  void accept(SessionId session, Seq first, Seq last) {
    consumer.settle(session, {first, last}, Outcome::Accepted);
  }
  void release(SessionId session, Seq first, Seq last) {
    consumer.settle(session, {first, last}, Outcome::Released);
  }
  Seq limit(SessionId session) { return consumer.state(session).limit; }
  /// The producer answers that it gives back what it has not used.
  void give_back(SessionId session) {
    REQUIRE_FALSE(consumer.take(Drained{session, received[session]}));
  }
  /// The limit in what is due now; 0 if nothing is.
  Seq asked(When when = When::Due) {
    const auto credits = consumer.announce(when);
    REQUIRE(credits.size() <= 1);
    return credits.empty() ? 0 : credits[0].limit;
  }
  std::optional<ErrorCode> hear(SessionId session, Seq sent, Seq confirmed) {
    Heartbeat heartbeat;
    heartbeat.session = session;
    heartbeat.sent = sent;
    heartbeat.confirmed = confirmed;
    return consumer.take(heartbeat);
  }

  Consumer consumer;
  std::map<SessionId, Seq> received;
};

}  // namespace

TEST_CASE("a session begins with a grant of max_demand, due at once", "[consumer]") {
  Desk desk{{.min = 500, .max = 1000}};
  desk.join(1);
  CHECK(desk.asked(When::BeforeSleep) == 1000);
  CHECK(desk.asked(When::BeforeSleep) == 0);  // once is enough
}

TEST_CASE("credit returns with settlement, never with arrival", "[consumer]") {
  Desk desk{{.min = 9, .max = 10}};
  desk.join(1);
  REQUIRE(desk.asked(When::BeforeSleep) == 10);
  desk.arrive(1, 10);
  CHECK(desk.asked(When::BeforeSleep) == 0);
  CHECK(desk.limit(1) == 10);
  desk.accept(1, 1, 1);
  CHECK(desk.asked() == 11);
}

TEST_CASE("credit is asked again once unsettled grants fall to min_demand", "[consumer]") {
  struct Case {
    std::uint32_t min, max, step;  // settled `step` at a time
    std::vector<Seq> asked;        // the limit asked after each step, 0: none
  };
  const auto row = GENERATE(values<Case>({
      {500, 1000, 500, {1500, 2000}},              // GenStage's case 1
      {80, 100, 20, {120, 140, 160}},              // 2
      {20, 100, 80, {180, 260}},                   // 3
      {0, 1, 1, {2, 3, 4}},                        // 4: strict alternation
      {5, 10, 5, {15, 20}},                        // 5
      {5, 10, 3, {0, 16, 0, 22}},                  // 6
      {750, 1000, 100, {0, 0, 1300, 0, 0, 1600}},  // 7
      {0, 10, 5, {0, 20, 0, 30}},                  // 8
      {9, 10, 1, {11, 12, 13}},                    // 8
  }));
  CAPTURE(row.min, row.max, row.step);
  Desk desk{{row.min, row.max}};
  desk.join(1);
  REQUIRE(desk.asked(When::BeforeSleep) == row.max);
  Seq settled = 0;
  for (const Seq expected : row.asked) {
    while (desk.received[1] < settled + row.step) REQUIRE_FALSE(desk.arrive(1, 1));
    desk.accept(1, settled + 1, settled + row.step);
    settled += row.step;
    CHECK(desk.asked() == expected);
    CHECK(desk.consumer.unsettled_grants() <= row.max);  // case 9
  }
}

TEST_CASE("what is not due is said before sleep", "[consumer]") {
  Desk desk{{.min = 5, .max = 10}};
  desk.join(1);
  REQUIRE(desk.asked(When::BeforeSleep) == 10);
  desk.arrive(1, 1);
  desk.accept(1, 1, 1);
  CHECK(desk.asked() == 0);
  CHECK(desk.asked(When::BeforeSleep) == 11);
}

TEST_CASE("a state told by a heartbeat is not announced again", "[consumer]") {
  Desk desk{{.min = 5, .max = 10}};
  desk.join(1);
  (void)desk.consumer.state(1);
  CHECK(desk.consumer.announce(When::BeforeSleep).empty());
  desk.arrive(1, 2);
  desk.accept(1, 1, 1);
  (void)desk.consumer.state(1);
  desk.accept(1, 2, 2);
  CHECK(desk.consumer.announce(When::BeforeSleep).size() == 1);
}

TEST_CASE("credit is per session", "[consumer]") {
  Desk desk{{.min = 5, .max = 10}};
  desk.join(1);
  desk.join(2);
  desk.arrive(1, 10);
  CHECK(desk.limit(2) == 10);
  CHECK(desk.consumer.credit() == 10);
  CHECK(desk.consumer.in_flight() == 10);
  CHECK(desk.consumer.in_flight(2) == 0);
  CHECK(desk.consumer.unsettled_grants() == 20);
}

TEST_CASE("a common budget is shared by the sessions there are", "[consumer]") {
  Desk desk{{.min = 50, .max = 100}, Consumer::Budget::Shared};
  desk.join(1);
  CHECK(desk.limit(1) == 100);
  desk.arrive(1, 60);
  desk.join(2);
  CHECK(desk.limit(2) == 0);  // all is granted
  CHECK(desk.consumer.take_drains() == std::vector<SessionId>{1});
  CHECK(desk.limit(1) == 0);  // is not told again while it is asked back
  desk.give_back(1);
  CHECK(desk.consumer.unsettled_grants() == 100);
  CHECK(desk.limit(1) == 60);
  CHECK(desk.limit(2) == 40);
  desk.accept(1, 1, 10);
  CHECK(desk.limit(1) == 60);  // holds its share
  CHECK(desk.limit(2) == 50);
  desk.accept(1, 11, 20);
  CHECK(desk.limit(1) == 70);
  desk.consumer.close(2);
  CHECK(desk.limit(1) == 120);
  CHECK(desk.consumer.take_drains().empty());
}

TEST_CASE("what a session receives before it gives back is taken", "[consumer]") {
  Desk desk{{.min = 1, .max = 4}, Consumer::Budget::Shared};
  desk.join(1);
  desk.join(2);
  CHECK_FALSE(desk.arrive(1, 3));  // was under way
  desk.give_back(1);
  CHECK(desk.limit(2) == 1);
  CHECK(desk.arrive(1, 1) == ErrorCode::CreditExceeded);
  desk.accept(1, 1, 3);
  CHECK(desk.limit(1) == 5);
  CHECK(desk.limit(2) == 2);
}

TEST_CASE("a common budget holds, and serves everybody, whoever comes and goes", "[consumer]") {
  Desk desk{{.min = 3, .max = 7}, Consumer::Budget::Shared};
  for (SessionId session = 1; session <= 7; ++session) {
    desk.join(session);
    CHECK(desk.consumer.unsettled_grants() <= 7);
    for (const SessionId holder : desk.consumer.take_drains()) desk.give_back(holder);
    for (SessionId each = 1; each <= session; ++each) {
      CHECK(desk.limit(each) >= 7 / session);
    }
  }
  for (SessionId session = 1; session < 7; ++session) desk.consumer.close(session);
  CHECK(desk.limit(7) == 7);
}

TEST_CASE("who leaves a common budget is asked once", "[consumer]") {
  Desk desk{{.min = 1, .max = 4}, Consumer::Budget::Shared};
  desk.join(1);
  desk.join(2);
  desk.consumer.stop(1);
  CHECK(desk.consumer.take_drains() == std::vector<SessionId>{1});
  desk.give_back(1);
  CHECK(desk.consumer.finished(1));
  CHECK(desk.limit(1) == 0);
  CHECK(desk.limit(2) == 2);
  CHECK(desk.consumer.take(Drained{1, 0}) == ErrorCode::Invalid);
}

TEST_CASE("a session of a common budget asks again at its part of min_demand", "[consumer]") {
  Desk desk{{.min = 50, .max = 100}, Consumer::Budget::Shared};
  for (SessionId session = 1; session <= 4; ++session) desk.join(session);
  for (const SessionId holder : desk.consumer.take_drains()) desk.give_back(holder);
  (void)desk.consumer.announce(When::BeforeSleep);
  REQUIRE(desk.limit(4) == 25);
  desk.arrive(4, 25);
  desk.accept(4, 1, 12);
  CHECK(desk.asked() == 0);
  desk.accept(4, 13, 13);
  CHECK(desk.asked() == 38);
}

TEST_CASE("a closed gate grants nothing, and says what is settled", "[consumer]") {
  Desk desk{{.min = 1, .max = 2}};
  desk.consumer.set_gate(false);
  desk.join(1);
  CHECK(desk.asked(When::BeforeSleep) == 0);
  desk.consumer.set_gate(true);
  CHECK(desk.asked(When::BeforeSleep) == 2);
  desk.consumer.set_gate(false);
  desk.arrive(1, 1);
  desk.accept(1, 1, 1);
  const auto credits = desk.consumer.announce(When::BeforeSleep);
  REQUIRE(credits.size() == 1);
  CHECK(credits[0].limit == 2);
  CHECK(credits[0].cum == 1);
  desk.consumer.set_gate(true);
  CHECK(desk.asked(When::BeforeSleep) == 3);
}

TEST_CASE("more than was granted is refused and changes nothing", "[consumer]") {
  Desk desk{{.min = 1, .max = 2}};
  desk.join(1);
  CHECK(desk.arrive(1, 3) == ErrorCode::CreditExceeded);
  CHECK_FALSE(desk.arrive(1, 2));
  CHECK(desk.arrive(1, 1) == ErrorCode::CreditExceeded);
}

TEST_CASE("a missing or repeated sequence number is refused", "[consumer]") {
  Desk desk{{.min = 1, .max = 9}};
  desk.join(1);
  CHECK(desk.consumer.receive({1, 2, 1}) == ErrorCode::Gap);
  CHECK_FALSE(desk.consumer.receive({1, 1, 2}));
  CHECK(desk.consumer.receive({1, 2, 1}) == ErrorCode::Gap);
  CHECK(desk.hear(1, 3, 0) == ErrorCode::Gap);
  CHECK(desk.consumer.receive({1, UINT64_MAX, UINT32_MAX}) == ErrorCode::Gap);
}

TEST_CASE("a producer cannot confirm what is not settled", "[consumer]") {
  Desk desk{{.min = 1, .max = 9}};
  desk.join(1);
  desk.arrive(1, 2);
  CHECK(desk.hear(1, 2, 1) == ErrorCode::Invalid);
}

TEST_CASE("what was released is repeated until it is confirmed", "[consumer]") {
  Desk desk{{.min = 1, .max = 9}};
  desk.join(1);
  desk.arrive(1, 5);
  desk.release(1, 2, 3);
  CHECK(desk.consumer.state(1).settled == Ranges{{2, 3}});
  desk.accept(1, 1, 1);
  CHECK(desk.consumer.state(1).cum == 3);
  CHECK(desk.consumer.state(1).released == Ranges{{2, 3}});
  REQUIRE_FALSE(desk.hear(1, 5, 2));
  CHECK(desk.consumer.state(1).released == Ranges{{3, 3}});
  desk.release(1, 5, 5);
  REQUIRE_FALSE(desk.hear(1, 5, 3));
  CHECK(desk.consumer.state(1).released == Ranges{{5, 5}});
}

TEST_CASE("a late settlement of a session that has ended is without effect", "[consumer]") {
  Desk desk{{.min = 1, .max = 9}};
  desk.join(1);
  desk.arrive(1, 3);
  CHECK(desk.consumer.settle(1, {1, 1}, Outcome::Accepted) == 1);
  desk.consumer.close(1);
  CHECK(desk.consumer.settle(1, {2, 3}, Outcome::Accepted) == 0);
  CHECK(desk.consumer.announce(When::BeforeSleep).empty());
}

TEST_CASE("a stopped session is finished when its producer said so and all is settled",
          "[consumer]") {
  Desk desk{{.min = 1, .max = 4}};
  desk.join(1);
  desk.arrive(1, 3);
  CHECK(desk.consumer.take(Drained{1, 3}) == ErrorCode::Invalid);  // nobody asked
  desk.consumer.stop(1);
  desk.accept(1, 1, 2);
  CHECK(desk.limit(1) == 0);
  CHECK_FALSE(desk.arrive(1, 1));  // was under way
  CHECK(desk.consumer.take(Drained{1, 3}) == ErrorCode::Gap);
  CHECK_FALSE(desk.consumer.take(Drained{1, 4}));
  CHECK_FALSE(desk.consumer.finished(1));
  CHECK(desk.arrive(1, 1) == ErrorCode::CreditExceeded);  // after the last word
  desk.release(1, 3, 4);
  CHECK(desk.consumer.finished(1));
}
