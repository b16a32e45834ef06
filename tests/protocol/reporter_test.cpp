// A reporter and the republishers that it grants credit to: what it settles, and when.
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>

#include "tests/catch.hpp"
#include "tests/protocol/raw_peer.hpp"
#include "tests/protocol/stages.hpp"

namespace pullwire::tests {
namespace {

using Clock = std::chrono::steady_clock;
using flow::Credit;
using flow::ErrorCode;

std::vector<std::string> publications(int first, int count) {
  std::vector<std::string> all;
  for (int i = first; i < first + count; ++i) all.push_back(a_publication(std::to_string(i)));
  return all;
}

/// It can still publish, and has it recorded.
void expect_unharmed(RawPeer& producer) {
  const flow::Seq before = producer.heard_credit().cum;
  producer.produce({a_publication("unharmed")});
  producer.credit_until([&](const Credit& credit) { return credit.cum == before + 1; });
}

void expect_limit(RawPeer& producer, flow::Seq limit) {
  producer.credit_until([&](const Credit& credit) { return credit.limit == limit; });
}

}  // namespace

TEST_CASE("a republisher is granted the budget at once, heartbeats repeat it", "[reporter]") {
  LoneReporter reporter{10};
  RawProducer producer{reporter.endpoint()};
  const auto begin = Clock::now();
  CHECK(producer.greet().max_demand == 10);
  const auto credit = producer.expect<Credit>();
  CHECK(credit.limit == 10);
  CHECK(credit.cum == 0);
  const auto heartbeat = producer.heartbeats(4);
  const auto took = Clock::now() - begin;
  CHECK(took >= 2000ms);
  CHECK(took < 6s);
  REQUIRE(heartbeat.credit);
  CHECK(*heartbeat.credit == credit);
  CHECK(heartbeat.sessions == 1);
}

TEST_CASE("publications are settled once they are in the database", "[reporter]") {
  LoneReporter reporter{10};
  RawProducer producer{reporter.endpoint()};
  producer.greet();
  expect_limit(producer, 10);
  {
    SQLite::Database database{reporter.pipeline().dir() / "reports.db", SQLite::OPEN_READWRITE,
                              5000};
    SQLite::Transaction nobody_else_writes{database, SQLite::TransactionBehavior::IMMEDIATE};
    producer.produce(publications(1, 3));
    CHECK(producer.heartbeats(2).credit->cum == 0);
    CHECK(producer.heard_credit().limit == 10);
  }
  producer.credit_until([](const Credit& state) { return state.cum == 3; });
  CHECK(reporter.pipeline().rows() == 3);
  expect_limit(producer, 13);
}

TEST_CASE("a publication that comes again keeps its one row", "[reporter]") {
  LoneReporter reporter{10};
  {
    RawProducer first{reporter.endpoint()};
    first.greet();
    first.produce_from(1, {});  // no event at all is no message
    CHECK(first.expect<flow::Error>().code == ErrorCode::Malformed);
  }
  RawProducer producer{reporter.endpoint()};
  producer.greet();
  expect_limit(producer, 10);
  producer.produce(publications(1, 2));
  producer.produce(publications(1, 2), {.redelivered = true, .attempts = 2});
  producer.credit_until([](const Credit& state) { return state.cum == 4; });
  CHECK(reporter.pipeline().rows() == 2);
  CHECK(reporter.pipeline().query("SELECT sum(redelivered) FROM publications") == 2);
}

TEST_CASE("publications that break the protocol are not recorded", "[reporter]") {
  LoneReporter reporter{4};
  RawProducer good{reporter.endpoint()};
  RawProducer bad{reporter.endpoint()};
  good.greet();
  bad.greet();
  expect_limit(bad, 2);
  ErrorCode expected{};
  SECTION("more than were granted") {
    bad.produce(publications(1, 3));
    expected = ErrorCode::CreditExceeded;
  }
  SECTION("a number too many") {
    bad.produce_from(2, publications(1, 1));
    expected = ErrorCode::Gap;
  }
  SECTION("a heartbeat that says more were sent") {
    bad.send(
        flow::Heartbeat{.session = bad.session(), .sent = 1, .credit = std::nullopt, .gauges = {}});
    expected = ErrorCode::Gap;
  }
  SECTION("no publication") {
    bad.produce({"no publication"});
    expected = ErrorCode::Malformed;
  }
  SECTION("no publication, behind one that is") {
    bad.produce({a_publication("p"), "no publication"});
    expected = ErrorCode::Malformed;
  }
  SECTION("a publication whose post is none") {
    const std::string post = a_post("p");
    std::string publication = a_publication("p");
    publication.replace(publication.find(post), post.size(), std::string(post.size(), 'x'));
    bad.produce({publication});
    expected = ErrorCode::Malformed;
  }
  SECTION("credit") {
    bad.grant(1);
    expected = ErrorCode::WrongRole;
  }
  const auto error = bad.expect<flow::Error>();
  CHECK(error.code == expected);
  CHECK(error.session == bad.session());
  expect_unharmed(good);
  CHECK(reporter.pipeline().rows() == 1);
  CHECK(reporter.total("pullwire_sessions") == 1);
}

TEST_CASE("an event that comes twice under one number ends the session", "[reporter]") {
  LoneReporter reporter{10};
  RawProducer producer{reporter.endpoint()};
  producer.greet();
  expect_limit(producer, 10);
  producer.produce(publications(1, 1));
  producer.credit_until([](const Credit& state) { return state.cum == 1; });
  producer.produce_from(1, publications(2, 1));
  CHECK(producer.expect<flow::Error>().code == ErrorCode::Gap);
  CHECK(reporter.pipeline().rows() == 1);
}

TEST_CASE("a republisher with other targets is told the difference", "[reporter]") {
  LoneReporter reporter{10};
  RawProducer first{reporter.endpoint()};
  first.hello.contract = "site: text\n";
  first.greet();
  RawProducer second{reporter.endpoint()};
  second.hello.contract = "site: text html\n";
  const auto error = second.greet_in_vain();
  CHECK(error.code == ErrorCode::Refused);
  CHECK(error.number == second.hello.number);
  CHECK_THAT(error.text, Catch::Contains("{site: text}") && Catch::Contains("{site: text html}"));
  first.bye();
  REQUIRE(meanwhile([&] { return reporter.total("pullwire_sessions") == 0; }));
  second.greet();  // nobody is left to differ from
}

TEST_CASE("republishers share the budget", "[reporter]") {
  LoneReporter reporter{10};
  RawProducer first{reporter.endpoint()};
  first.greet();
  expect_limit(first, 10);
  RawProducer second{reporter.endpoint()};
  second.greet();
  expect_limit(second, 5);  // what the first has not used goes to the second
  expect_limit(first, 5);
  first.produce(publications(1, 5));
  first.credit_until([](const Credit& state) { return state.cum == 5; });
  expect_limit(first, 10);
  second.bye();
  REQUIRE(meanwhile([&] { return reporter.total("pullwire_sessions") == 1; }));
  expect_limit(first, 15);
}

TEST_CASE("one republisher more than the budget has room for is told so", "[reporter]") {
  LoneReporter reporter{10};
  std::vector<std::unique_ptr<RawProducer>> all;
  for (int i = 0; i < 10; ++i) {
    all.push_back(std::make_unique<RawProducer>(reporter.endpoint()));
    all.back()->greet();
  }
  expect_limit(*all.back(), 1);
  RawProducer surplus{reporter.endpoint()};
  const auto error = surplus.greet_in_vain();
  CHECK(error.code == ErrorCode::Refused);
  CHECK_THAT(error.text, Catch::Contains("at most 10 sessions") &&
                             Catch::Contains("raise [reporter] max_demand"));
  expect_unharmed(*all.back());
}

TEST_CASE("a republisher that falls silent loses its session", "[reporter]") {
  LoneReporter reporter{10};
  RawProducer steady{reporter.endpoint()};
  RawProducer silent{reporter.endpoint()};
  steady.greet();
  const auto begin = Clock::now();
  silent.greet();
  silent.fall_silent();
  CHECK(meanwhile(
      [&] { return reporter.total("pullwire_sessions_ended_total", "reason=\"silent\"") == 1; }));
  CHECK(Clock::now() - begin > 2400ms);
  CHECK(reporter.total("pullwire_sessions") == 1);
  expect_unharmed(steady);
}

TEST_CASE("a reporter that ends records what is under way and says goodbye", "[reporter]") {
  LoneReporter reporter{10};
  RawProducer producer{reporter.endpoint()};
  producer.greet();
  expect_limit(producer, 10);
  producer.produce(publications(1, 3));
  producer.answers_drains = false;
  reporter.process().signal(SIGTERM);
  producer.expect<flow::Drain>();
  RawProducer late{reporter.endpoint()};
  CHECK(late.greet_in_vain().code == ErrorCode::ShuttingDown);
  producer.produce(publications(4, 2));
  producer.send(flow::Drained{producer.session(), 5});
  producer.expect<flow::Bye>();
  CHECK(producer.heard_credit().cum == 5);
  CHECK(producer.heard_credit().released.empty());
  CHECK(reporter.pipeline().rows() == 5);
  CHECK(reporter.process().wait() == 0);
}

}  // namespace pullwire::tests
