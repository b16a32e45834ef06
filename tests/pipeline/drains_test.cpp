// Processes that are asked to end finish what they began and give back the rest: nothing
// is delivered again, neither now nor after their restart.
#include <csignal>
#include <string>
#include <vector>

#include "tests/catch.hpp"
#include "tests/pipeline/support.hpp"

namespace pullwire::tests {
namespace {

constexpr std::int64_t kPosts = 2'500;
constexpr std::int64_t kFormats = 2;

bool has_said(const Process& process, const std::string& what) {
  return process.output().find(what) != std::string::npos;
}

/// Three republishers under full load, every stage with a cost.
struct Drained {
  Drained() {
    for (int i = 0; i < 3; ++i) republishers.push_back(pipeline.start_republisher());
    REQUIRE(eventually([&] { return pipeline.rows() >= 1'000; }, 30s));
    REQUIRE(pipeline.rows() < kPosts * kFormats);
  }

  static Pipeline::Config work() {
    Pipeline::Config config =
        fed_by("simulated:?cost_ms=0.5&count=" + std::to_string(kPosts), "exit_when_done = true");
    config.targets = null_target("?cost_ms=1", R"("text", "json")");
    config.reporter = "cost_ms = 0.2";
    return config;
  }

  void start_another() { republishers.push_back(pipeline.start_republisher()); }

  /// Waits for the end of all posts. Every one is there, none was delivered twice: each link
  /// says so at its end, and the flag of a delivery goes down to the row.
  void check_all_arrived_once() {
    REQUIRE(ingestor.wait(60s) == 0);
    CHECK(complete(pipeline, kPosts, kFormats));
    CHECK(pipeline.query("SELECT count(*) FROM publications WHERE redelivered <> 0") == 0);
    CHECK(pipeline.query("SELECT max(attempts) FROM publications") == 1);
    for (std::size_t i = 0; i < republishers.size(); ++i) {
      CHECK(Pipeline::total(pipeline.republisher_port(i), "pullwire_events_redelivered_total") ==
            0);
    }
    const int port = pipeline.reporter_port();
    CHECK(Pipeline::total(port, "pullwire_events_redelivered_total") == 0);
    CHECK(Pipeline::total(port, "pullwire_publications_repeated_total") == 0);
  }

  Pipeline pipeline{work()};
  Process reporter = pipeline.start_reporter();
  Process ingestor = pipeline.start_ingestor();
  std::vector<Process> republishers;
};

}  // namespace

TEST_CASE("a republisher that drains under load has nothing delivered again") {
  Drained d;
  d.republishers[0].signal(SIGTERM);
  CHECK(d.republishers[0].wait() == 0);
  CHECK(Pipeline::total(d.pipeline.ingestor_port(), "pullwire_events_settled_total",
                        "outcome=\"released\"") > 0);
  CHECK(Pipeline::total(d.pipeline.ingestor_port(), "pullwire_events_redelivered_total") == 0);
  d.check_all_arrived_once();
}

TEST_CASE("an ingestor that drains goes on without delivering anything again") {
  Drained d;
  d.ingestor.signal(SIGTERM);
  REQUIRE(d.ingestor.wait() == 0);
  CHECK(d.pipeline.rows() < kPosts * kFormats);
  d.ingestor = d.pipeline.start_ingestor();
  d.check_all_arrived_once();
}

TEST_CASE("a reporter that drains leaves nothing half recorded") {
  Drained d;
  d.reporter.signal(SIGTERM);
  REQUIRE(d.reporter.wait() == 0);
  CHECK(d.pipeline.rows() < kPosts * kFormats);
  d.reporter = d.pipeline.start_reporter();
  d.check_all_arrived_once();
}

TEST_CASE("a whole pipeline drains in its order without losing anything") {
  Drained d;
  d.ingestor.signal(SIGINT);
  CHECK(d.ingestor.wait() == 0);
  const auto settled = d.pipeline.rows();
  for (const Process& republisher : d.republishers) republisher.signal(SIGINT);
  for (Process& republisher : d.republishers) CHECK(republisher.wait() == 0);
  d.reporter.signal(SIGINT);
  CHECK(d.reporter.wait() == 0);
  CHECK(d.pipeline.rows() == settled);
  CHECK(settled < kPosts * kFormats);
}

TEST_CASE("an ingestor and a republisher may drain at once") {
  Drained d;
  d.ingestor.signal(SIGTERM);
  d.republishers[0].signal(SIGTERM);
  CHECK(d.republishers[0].wait() == 0);
  REQUIRE(d.ingestor.wait() == 0);
  d.ingestor = d.pipeline.start_ingestor();
  d.check_all_arrived_once();
}

TEST_CASE("whoever drains while the reporter is away ends when it is back") {
  Drained d;
  d.reporter.signal(SIGTERM);
  d.ingestor.signal(SIGTERM);
  d.republishers[0].signal(SIGTERM);
  REQUIRE(d.reporter.wait() == 0);
  d.republishers[1].signal(SIGTERM);
  CHECK(d.pipeline.rows() < kPosts * kFormats);
  d.reporter = d.pipeline.start_reporter();
  CHECK(d.republishers[0].wait() == 0);
  CHECK(d.republishers[1].wait() == 0);
  REQUIRE(d.ingestor.wait() == 0);
  d.ingestor = d.pipeline.start_ingestor();
  d.check_all_arrived_once();
}

TEST_CASE("a republisher may be asked to end however far its start has got") {
  Drained d;
  // From before it has read its configuration to after its first posts.
  for (int i = 0; i < 15; ++i) {
    Process brief = d.pipeline.start_republisher();
    eventually([] { return false; }, i * 10ms);
    brief.signal(SIGTERM);
    const auto result = brief.wait();
    CHECK((result == 0 || result == 128 + SIGTERM));
  }
  CHECK(Pipeline::total(d.pipeline.ingestor_port(), "pullwire_events_redelivered_total") == 0);
  d.check_all_arrived_once();
}

TEST_CASE("an ingestor may drain while a republisher joins") {
  Drained d;
  for (int i = 0; i < 4; ++i) {
    REQUIRE(eventually([&] { return has_said(d.ingestor, "started"); }));
    d.start_another();
    eventually([] { return false; }, i * 25ms);
    d.ingestor.signal(SIGTERM);
    REQUIRE(d.ingestor.wait() == 0);
    d.ingestor = d.pipeline.start_ingestor();
  }
  d.check_all_arrived_once();
}

TEST_CASE("a republisher without anybody to talk to ends at once") {
  Pipeline pipeline{Drained::work()};
  std::optional<Process> reporter;
  SECTION("while it connects") {}
  SECTION("while it rests, since the reporter has refused it") {
    reporter = pipeline.start_reporter({"--max-demand", "1"});
    Process only = pipeline.start_republisher();
    REQUIRE(eventually([&] { return sessions(pipeline.reporter_port(), "publications") == 1; }));
    Process refused = pipeline.start_republisher();
    REQUIRE(eventually([&] { return has_said(refused, "no room"); }));
    refused.signal(SIGTERM);
    CHECK(refused.wait(5s) == 0);
    return;
  }
  Process republisher = pipeline.start_republisher();
  REQUIRE(eventually([&] { return has_said(republisher, "started"); }));
  republisher.signal(SIGTERM);
  CHECK(republisher.wait(5s) == 0);
}

TEST_CASE("who cannot drain says how many were not settled, and ends") {
  // Nothing is recorded: the reporter is as good as stopped by its own cost.
  const bool signalled = GENERATE(false, true);
  const std::string timeout = signalled ? "drain_timeout = 60" : "drain_timeout = 1";
  Pipeline::Config config = fed_by("simulated:", timeout);
  config.republisher = timeout + "\nmax_demand = 10";
  config.reporter = timeout + "\ncost_ms = 60000";
  Pipeline pipeline{config};
  Process reporter = pipeline.start_reporter();
  Process ingestor = pipeline.start_ingestor();
  Process republisher = pipeline.start_republisher();
  REQUIRE(eventually(
      [&] { return Pipeline::total(pipeline.reporter_port(), "pullwire_in_flight") == 10; }));
  Process* const asked = GENERATE_REF(&ingestor, &republisher, &reporter);
  asked->signal(SIGTERM);
  if (signalled) {
    REQUIRE(eventually([&] { return has_said(*asked, "draining"); }));
    asked->signal(SIGINT);
  }
  CHECK(asked->wait(5s) == 1);
  CHECK_THAT(asked->output(),
             Catch::Contains(std::string{signalled ? "stopped by a second signal"
                                                   : "not drained within drain_timeout"} +
                             "; what was not settled comes again unsettled=10"));
}

TEST_CASE("a process whose worker hangs ends at once on the second signal, or past its time") {
  Pipeline::Config config = fed_by("simulated:?count=10&bytes=100", "exit_when_done = true");
  config.targets = null_target("?hang_on=5%20");
  const bool signalled = GENERATE(false, true);
  config.republisher = signalled ? "drain_timeout = 60" : "drain_timeout = 1";
  Pipeline pipeline{config};
  Process reporter = pipeline.start_reporter();
  Process ingestor = pipeline.start_ingestor();
  Process republisher = pipeline.start_republisher();
  REQUIRE(eventually([&] { return pipeline.rows() == 4; }));
  republisher.signal(SIGTERM);
  REQUIRE(eventually([&] { return has_said(republisher, "draining"); }));
  if (signalled) republisher.signal(SIGTERM);
  CHECK(republisher.wait(5s) == 1);
  CHECK_THAT(republisher.output(), Catch::Contains(signalled ? "stopped by a second signal"
                                                             : "not drained within drain_timeout"));
}

}  // namespace pullwire::tests
