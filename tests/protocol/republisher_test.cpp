// A republisher between an ingestor and a reporter that are the test's: what it asks for,
// when it settles, what it gives back.
#include <csignal>
#include <set>
#include <string>
#include <vector>

#include "common/wire/events.hpp"
#include "tests/catch.hpp"
#include "tests/protocol/raw_peer.hpp"
#include "tests/protocol/stages.hpp"

namespace pullwire::tests {
namespace {

using flow::Credit;
using flow::ErrorCode;

constexpr std::uint32_t kReporterDemand = 1000;

}  // namespace

TEST_CASE("a republisher asks for nothing before a reporter grants", "[republisher]") {
  LoneRepublisher republisher;
  RawIngestor ingestor{republisher.upstream()};
  const auto hello = ingestor.accept();
  CHECK(hello.role == flow::Role::Consumer);
  CHECK(hello.max_demand == 10);
  CHECK(hello.number > 0);
  CHECK(ingestor.heartbeats(2).credit->limit == 0);

  RawReporter reporter{republisher.downstream()};
  const auto greeting = reporter.accept(kReporterDemand);
  CHECK(greeting.role == flow::Role::Producer);
  CHECK(greeting.max_demand == 0);
  CHECK(greeting.contract == "null: text\n");
  CHECK(ingestor.heartbeats(2).credit->limit == 0);

  reporter.grant(1);
  ingestor.credit_until([](const Credit& credit) { return credit.limit == 10; });
}

TEST_CASE("a post is settled after its last publication is", "[republisher]") {
  LoneRepublisher republisher{"null:", R"("html", "markdown", "text", "json", "pdf")"};
  RawIngestor ingestor{republisher.upstream()};
  RawReporter reporter{republisher.downstream()};
  ingestor.accept();
  reporter.accept(1);
  reporter.grant(1);
  ingestor.credit_until([](const Credit& credit) { return credit.limit > 0; });
  ingestor.produce({a_post("p")});
  std::set<std::string> formats;
  for (flow::Seq seq = 1; seq <= 5; ++seq) {
    const auto events = reporter.events(1);
    REQUIRE(events.size() == 1);
    CHECK(events[0].seq == seq);
    const Publication publication = publication_of(events[0]);
    CHECK(publication.post_id == "p");
    CHECK(publication.status == Status::Published);
    CHECK(publication.post.empty() == (seq > 1));
    formats.emplace(publication.format);
    if (seq < 5) {
      reporter.grant(seq);
      reporter.settle(seq);
      reporter.grant(seq + 1);
    }
  }
  CHECK(formats.size() == 5);
  CHECK(reporter.heartbeats(1).sent == 5);
  CHECK(ingestor.heartbeats(2).credit->cum == 0);
  reporter.settle(5);
  const auto credit = ingestor.credit_until([](const Credit& state) { return state.cum == 1; });
  CHECK(credit.released.empty());
}

TEST_CASE("a republisher without credit from its reporter asks for no more", "[republisher]") {
  LoneRepublisher republisher;
  RawIngestor ingestor{republisher.upstream()};
  ingestor.accept();
  const auto at_ten = [](const Credit& credit) { return credit.limit == 10; };
  {
    RawReporter reporter{republisher.downstream()};
    reporter.accept(kReporterDemand);
    reporter.grant(5);
    ingestor.credit_until(at_ten);
    ingestor.produce(posts(1, 5));
    CHECK(reporter.events(5).size() == 5);
    reporter.settle(5);
    ingestor.credit_until([](const Credit& credit) { return credit.cum == 5; });
    CHECK(ingestor.heartbeats(2).credit->limit == 10);
    reporter.vanish();
  }
  CHECK(meanwhile(
      [&] { return republisher.total("pullwire_sessions_ended_total", "disconnected") == 1; }));
  ingestor.produce(posts(6, 5));
  CHECK(ingestor.heartbeats(2).credit->limit == 10);
  CHECK(ingestor.heard_credit().cum == 5);

  RawReporter next{republisher.downstream()};
  next.accept(kReporterDemand);
  next.grant(100);
  CHECK(next.events(5).size() == 5);
  next.settle(5);
  ingestor.credit_until([](const Credit& credit) { return credit.limit == 20; });
}

TEST_CASE("publications that a reporter did not settle go to the next one", "[republisher]") {
  LoneRepublisher republisher;
  RawIngestor ingestor{republisher.upstream()};
  ingestor.accept();
  RawReporter reporter{republisher.downstream()};
  reporter.accept(kReporterDemand);
  reporter.grant(3);
  ingestor.credit_until([](const Credit& credit) { return credit.limit == 10; });
  ingestor.produce(posts(1, 3));
  CHECK(reporter.events(3).size() == 3);
  reporter.settle(1);
  ingestor.credit_until([](const Credit& credit) { return credit.cum == 1; });
  const auto session = reporter.session();
  reporter.bye();
  reporter.accept(kReporterDemand);
  CHECK(reporter.session() != session);
  reporter.grant(3);
  const auto events = reporter.events(2);
  CHECK(publication_of(events.at(0)).post_id == "2");
  CHECK(publication_of(events.at(1)).post_id == "3");
  CHECK(events.at(0).delivery.redelivered);
  reporter.settle(2);
  ingestor.credit_until([](const Credit& credit) { return credit.cum == 3; });
}

TEST_CASE("a republisher that ends gives back what it has not begun", "[republisher]") {
  LoneRepublisher republisher{"null:?cost_ms=200", R"("text")", {"--concurrency", "1"}};
  RawIngestor ingestor{republisher.upstream()};
  RawReporter reporter{republisher.downstream()};
  ingestor.accept();
  reporter.accept(kReporterDemand);
  reporter.grant(100);
  ingestor.credit_until([](const Credit& credit) { return credit.limit == 10; });
  ingestor.produce(posts(1, 10));
  const std::size_t before = reporter.events(1).size();
  republisher.process().signal(SIGTERM);
  ingestor.expect<flow::Drain>();
  const auto released =
      ingestor.credit_until([](const Credit& credit) { return !credit.released.empty(); }).released;
  const flow::Seq begun = released.front().first - 1;
  CHECK(begun > before);  // one was under way
  CHECK(released == std::vector<flow::SeqRange>{{begun + 1, 10}});
  if (begun > before) reporter.events(begun - before);
  reporter.settle(begun);
  ingestor.expect<flow::Bye>();
  CHECK(ingestor.heard_credit().cum == 10);
  CHECK(ingestor.heard_credit().released == released);
  reporter.expect<flow::Bye>();
  CHECK(reporter.untaken() == 0);
  CHECK(republisher.process().wait() == 0);
}

TEST_CASE("a post that is to be given up is reported and not begun", "[republisher]") {
  LoneRepublisher republisher{"null:?crash_on=poison"};
  RawIngestor ingestor{republisher.upstream()};
  RawReporter reporter{republisher.downstream()};
  ingestor.accept();
  reporter.accept(kReporterDemand);
  reporter.grant(10);
  ingestor.credit_until([](const Credit& credit) { return credit.limit == 10; });
  ingestor.produce({a_post("bad", "poison")},
                   {.redelivered = true, .give_up = true, .attempts = 3});
  const auto events = reporter.events(1);
  const Publication publication = publication_of(events.at(0));
  CHECK(publication.post_id == "bad");
  CHECK(publication.status == Status::Failed);
  CHECK(publication.attempts == 3);
  CHECK(publication.redelivered);
  CHECK(std::string{publication.error}.find("given up after 3 attempts") == 0);
  reporter.settle(1);
  ingestor.credit_until([](const Credit& credit) { return credit.cum == 1; });
  CHECK(republisher.process().running());
}

TEST_CASE("a post that its ingestor refused is reported with its reason and not begun",
          "[republisher]") {
  LoneRepublisher republisher{"null:?crash_on=poison"};
  RawIngestor ingestor{republisher.upstream()};
  RawReporter reporter{republisher.downstream()};
  ingestor.accept();
  reporter.accept(kReporterDemand);
  reporter.grant(10);
  ingestor.credit_until([](const Credit& credit) { return credit.limit == 10; });
  Post large;
  large.post_id = "large";
  large.text = "poison";
  large.refused = "too large: text of 600000 bytes, at most 524288";
  ingestor.produce({wire::encode_post(large)});
  const auto events = reporter.events(1);
  const Publication publication = publication_of(events.at(0));
  CHECK(publication.post_id == "large");
  CHECK(publication.status == Status::Failed);
  CHECK(publication.error == large.refused);
  CHECK(publication.rendered_at == Timestamp{});
  CHECK(publication.attempts == 1);
  reporter.settle(1);
  ingestor.credit_until([](const Credit& credit) { return credit.cum == 1; });
  CHECK(republisher.process().running());
}

TEST_CASE("an ingestor that breaks the protocol is left, and called again", "[republisher]") {
  LoneRepublisher republisher;
  RawIngestor ingestor{republisher.upstream()};
  RawReporter reporter{republisher.downstream()};
  const auto first = ingestor.accept();
  reporter.accept(kReporterDemand);
  reporter.grant(10);
  ingestor.credit_until([](const Credit& credit) { return credit.limit == 10; });
  ErrorCode expected{};
  SECTION("by more posts than were granted") {
    ingestor.produce(posts(1, 11));
    expected = ErrorCode::CreditExceeded;
  }
  SECTION("by an event that is no post") {
    ingestor.produce({"no post"});
    expected = ErrorCode::Malformed;
  }
  SECTION("by an event that is no post, behind some that are") {
    auto events = posts(1, 3);
    events.emplace_back("no post");
    ingestor.produce(events);
    expected = ErrorCode::Malformed;
  }
  SECTION("by a missing number") {
    ingestor.produce_from(2, posts(1, 1));
    expected = ErrorCode::Gap;
  }
  CHECK(ingestor.expect<flow::Error>().code == expected);
  const auto again = ingestor.accept();
  CHECK(again.number > first.number);
  CHECK(again.instance == first.instance);
  ingestor.credit_until([](const Credit& credit) { return credit.limit == 10; });
  CHECK(reporter.untaken() == 0);
  republisher.process().signal(SIGTERM);
  ingestor.expect<flow::Bye>();
  reporter.expect<flow::Bye>();
  CHECK(republisher.process().wait() == 0);  // it holds nothing
}

TEST_CASE("a welcome for another hello is passed over", "[republisher]") {
  LoneRepublisher republisher;
  RawIngestor ingestor{republisher.upstream()};
  const auto hello = ingestor.await_hello();
  ingestor.welcome(hello.number + 1, 0);
  ingestor.fall_silent();
  const auto later = ingestor.accept();  // it tried again instead
  CHECK(later.number == hello.number + 1);
  CHECK(ingestor.heartbeats(1).credit->limit == 0);
  CHECK(republisher.total("pullwire_sessions") == 1);
}

TEST_CASE("a refused republisher says why and calls again", "[republisher]") {
  LoneRepublisher republisher;
  RawReporter reporter{republisher.downstream()};
  const auto hello = reporter.await_hello();
  reporter.send(flow::Error{.session = 0,
                            .number = hello.number,
                            .code = ErrorCode::Refused,
                            .text = "no room for one more"});
  CHECK(reporter.accept(kReporterDemand).number == hello.number + 1);
  CHECK_THAT(republisher.process().output(), Catch::Contains("no room for one more"));
}

}  // namespace pullwire::tests
