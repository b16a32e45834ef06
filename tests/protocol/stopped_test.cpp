// Executables that were stopped and continued: they judge nobody for what they slept
// through, and begin nothing for whoever may have given them up.
#include <csignal>
#include <string>
#include <vector>

#include "tests/catch.hpp"
#include "tests/protocol/raw_peer.hpp"
#include "tests/protocol/stages.hpp"

namespace pullwire::tests {
namespace {

using flow::Credit;
using flow::ErrorCode;

/// Longer than a peer may be silent, twice its heartbeat included.
constexpr auto kStopped = 4s;

/// Stops the process for so long; all peers send their heartbeats meanwhile.
void stand_still(const Process& process, std::chrono::milliseconds span) {
  process.signal(SIGSTOP);
  meanwhile([] { return false; }, span);
  process.signal(SIGCONT);
}

}  // namespace

TEST_CASE("an ingestor that stood still keeps who went on sending", "[ingestor]") {
  LoneIngestor ingestor;
  RawConsumer consumer{ingestor.endpoint()};
  RawConsumer other{ingestor.endpoint()};
  consumer.greet();
  other.greet();
  consumer.grant(5);
  CHECK(consumer.events(5).size() == 5);
  stand_still(ingestor.process(), kStopped);
  consumer.heartbeats(2);
  other.heartbeats(2);
  CHECK(ingestor.total("pullwire_sessions") == 2);
  CHECK(ingestor.total("pullwire_sessions_ended_total") == 0);
  consumer.settle(5);
  consumer.grant(10);
  const auto events = consumer.events(5);
  CHECK(events.front().seq == 6);
  CHECK_FALSE(events.front().delivery.redelivered);
}

TEST_CASE("a reporter that stood still keeps who went on sending", "[reporter]") {
  LoneReporter reporter{10};
  RawProducer producer{reporter.endpoint()};
  producer.greet();
  producer.credit_until([](const Credit& credit) { return credit.limit == 10; });
  reporter.process().signal(SIGSTOP);
  producer.produce({a_publication("p")});
  meanwhile([] { return false; }, kStopped);
  reporter.process().signal(SIGCONT);
  producer.credit_until([](const Credit& credit) { return credit.cum == 1; });
  producer.heartbeats(2);
  CHECK(reporter.total("pullwire_sessions") == 1);
  CHECK(reporter.total("pullwire_sessions_ended_total") == 0);
  CHECK(reporter.pipeline().rows() == 1);
}

TEST_CASE("a republisher that stood still goes on with whom it hears again", "[republisher]") {
  LoneRepublisher republisher{"null:?cost_ms=100", R"("text")", {"--concurrency", "1"}};
  RawIngestor ingestor{republisher.upstream()};
  RawReporter reporter{republisher.downstream()};
  ingestor.accept();
  reporter.accept(1000);
  reporter.grant(10);
  ingestor.credit_until([](const Credit& credit) { return credit.limit == 10; });
  ingestor.produce(posts(1, 10));
  std::size_t arrived = reporter.events(1).size();
  stand_still(republisher.process(), kStopped);
  while (arrived < 10) arrived += reporter.events(1).size();
  CHECK(arrived == 10);
  reporter.settle(10);
  ingestor.credit_until([](const Credit& credit) { return credit.cum == 10; });
  CHECK(republisher.total("pullwire_sessions") == 2);
  CHECK(republisher.total("pullwire_sessions_ended_total") == 0);
}

TEST_CASE("a republisher that was given up meanwhile begins nothing more", "[republisher]") {
  LoneRepublisher republisher{"null:?cost_ms=100", R"("text")", {"--concurrency", "1"}};
  RawIngestor ingestor{republisher.upstream()};
  RawReporter reporter{republisher.downstream()};
  const auto first = ingestor.accept();
  reporter.accept(1000);
  reporter.grant(20);
  ingestor.credit_until([](const Credit& credit) { return credit.limit == 10; });
  ingestor.produce(posts(1, 10));
  std::size_t arrived = reporter.events(1).size();
  // Heartbeats wait in its socket, as an ingestor leaves them that has not noticed yet.
  republisher.process().signal(SIGSTOP);
  meanwhile([] { return false; }, 2500ms);
  ingestor.fall_silent();
  const auto old_session = ingestor.session();
  meanwhile([] { return false; }, 1s);
  const Timestamp continued = wall_clock();
  republisher.process().signal(SIGCONT);
  ingestor.heartbeats(1);
  ingestor.send(flow::Error{.session = old_session,
                            .number = 0,
                            .code = ErrorCode::UnknownSession,
                            .text = "no such session"});
  CHECK(ingestor.accept().number > first.number);
  ingestor.credit_until([](const Credit& credit) { return credit.limit == 10; });

  ingestor.produce({a_post("new")});
  std::vector<std::string> begun;  // since it went on; what was under way had been rendered
  while (begun.empty() || begun.back() != "new") {
    for (const Arrived& event : reporter.events(1)) {
      ++arrived;
      const Publication publication = publication_of(event);
      if (publication.rendered_at > continued) begun.emplace_back(publication.post_id);
    }
  }
  CHECK(begun == std::vector<std::string>{"new"});
  reporter.settle(arrived);
  ingestor.credit_until([](const Credit& credit) { return credit.cum == 1; });
}

TEST_CASE("a post is not suspected for what its ingestor slept through", "[ingestor]") {
  LoneIngestor ingestor{{"--max-attempts", "1"}};
  for (int time = 1; time <= 2; ++time) {
    RawConsumer consumer{ingestor.endpoint()};
    consumer.greet();
    consumer.grant(5);
    const auto events = consumer.events(5);
    CHECK(post_ids_of(events).front() == "simulated:1");
    CHECK(events.front().delivery.redelivered == (time > 1));
    CHECK(events.front().delivery.attempts == 1);
    CHECK_FALSE(events.front().delivery.give_up);
    ingestor.process().signal(SIGSTOP);
    meanwhile([] { return false; }, 2s);
    consumer.vanish();
    ingestor.process().signal(SIGCONT);
    REQUIRE(meanwhile([&] { return ingestor.total("pullwire_sessions_ended_total") == time; }));
  }
}

}  // namespace pullwire::tests
