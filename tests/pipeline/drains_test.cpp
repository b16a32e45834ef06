// Processes that are asked to end finish what they began and give back the rest.
#include <csignal>

#include "tests/catch.hpp"
#include "tests/pipeline/support.hpp"

namespace pullwire::tests {
namespace {

constexpr std::int64_t kPosts = 5'000;

struct Drained {
  Drained() {
    REQUIRE(eventually([&] { return pipeline.rows() >= 1'000; }, 30s));
    REQUIRE(pipeline.rows() < kPosts);
  }

  static Pipeline::Config work() {
    Pipeline::Config config =
        fed_by("simulated:?count=" + std::to_string(kPosts), "exit_when_done = true");
    config.targets = null_target("?cost_ms=1");
    return config;
  }

  [[nodiscard]] double ingestor_redelivered() const {
    return Pipeline::total(pipeline.ingestor_port(), "pullwire_events_redelivered_total");
  }

  void check_all_arrived_once() {
    CHECK(complete(pipeline, kPosts));
    CHECK(pipeline.query("SELECT count(*) FROM publications WHERE redelivered <> 0") == 0);
    CHECK(pipeline.query("SELECT max(attempts) FROM publications") == 1);
  }

  Pipeline pipeline{work()};
  Process reporter = pipeline.start_reporter();
  Process ingestor = pipeline.start_ingestor();
  Process first = pipeline.start_republisher();
  Process second = pipeline.start_republisher();
};

}  // namespace

TEST_CASE("a republisher that drains under load has nothing delivered again") {
  Drained d;
  d.first.signal(SIGTERM);
  CHECK(d.first.wait() == 0);
  CHECK(d.ingestor_redelivered() == 0);
  REQUIRE(d.ingestor.wait(30s) == 0);
  d.check_all_arrived_once();
}

TEST_CASE("an ingestor that drains goes on without delivering anything again") {
  Drained d;
  d.ingestor.signal(SIGTERM);
  REQUIRE(d.ingestor.wait() == 0);
  CHECK(d.pipeline.rows() < kPosts);
  d.ingestor = d.pipeline.start_ingestor();
  REQUIRE(d.ingestor.wait(30s) == 0);
  d.check_all_arrived_once();
}

TEST_CASE("a reporter that drains leaves nothing half recorded") {
  Drained d;
  d.reporter.signal(SIGTERM);
  REQUIRE(d.reporter.wait() == 0);
  CHECK(d.pipeline.rows() < kPosts);
  d.reporter = d.pipeline.start_reporter();
  REQUIRE(d.ingestor.wait(30s) == 0);
  d.check_all_arrived_once();
}

TEST_CASE("a whole pipeline drains in its order without losing anything") {
  Drained d;
  d.ingestor.signal(SIGINT);
  CHECK(d.ingestor.wait() == 0);
  const auto settled = d.pipeline.rows();
  d.first.signal(SIGINT);
  d.second.signal(SIGINT);
  CHECK(d.first.wait() == 0);
  CHECK(d.second.wait() == 0);
  d.reporter.signal(SIGINT);
  CHECK(d.reporter.wait() == 0);
  CHECK(d.pipeline.rows() == settled);
  CHECK(settled < kPosts);
}

TEST_CASE("a process whose worker hangs ends at once on the second signal, or past its time") {
  Pipeline::Config config = fed_by("simulated:?count=10&bytes=100", "exit_when_done = true");
  config.targets = null_target("?hang_on=5%20");
  config.republisher = "drain_timeout = 1";
  Pipeline pipeline{config};
  Process reporter = pipeline.start_reporter();
  Process ingestor = pipeline.start_ingestor();
  Process republisher = pipeline.start_republisher();
  REQUIRE(eventually([&] { return pipeline.rows() == 4; }));
  republisher.signal(SIGTERM);
  REQUIRE(eventually([&] { return republisher.output().find("draining") != std::string::npos; }));
  SECTION("second signal") {
    republisher.signal(SIGTERM);
    CHECK(republisher.wait(900ms) == 1);
    CHECK_THAT(republisher.output(), Catch::Contains("stopped by a second signal"));
  }
  SECTION("drain_timeout") {
    CHECK(republisher.wait(5s) == 1);
    CHECK_THAT(republisher.output(), Catch::Contains("not drained within drain_timeout"));
  }
}

}  // namespace pullwire::tests
