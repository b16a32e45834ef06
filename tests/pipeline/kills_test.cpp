// Processes that are killed lose nothing and double nothing.
#include "tests/catch.hpp"
#include "tests/pipeline/support.hpp"

namespace pullwire::tests {
namespace {

constexpr std::int64_t kPosts = 5'000;
constexpr std::int64_t kMaxDemand = 100;

/// Some three seconds of work for two republishers.
Pipeline::Config work() {
  Pipeline::Config config =
      fed_by("simulated:?count=" + std::to_string(kPosts), "exit_when_done = true");
  config.targets = null_target("?cost_ms=1");
  return config;
}

bool reached(const Pipeline& pipeline, std::int64_t rows) {
  return eventually([&] { return pipeline.rows() >= rows; }, 30s);
}

std::int64_t redelivered(const Pipeline& pipeline) {
  return pipeline.query("SELECT coalesce(sum(redelivered), 0) FROM publications");
}

}  // namespace

TEST_CASE("a republisher that is killed loses and doubles no publication") {
  Pipeline pipeline{work()};
  Process reporter = pipeline.start_reporter();
  Process ingestor = pipeline.start_ingestor();
  Process victim = pipeline.start_republisher();
  Process other = pipeline.start_republisher();
  REQUIRE(reached(pipeline, 1'000));
  REQUIRE(eventually([&] {
    return Pipeline::total(pipeline.republisher_port(0), "pullwire_events_received_total",
                           "link=\"posts\"") > 0;
  }));
  victim.kill();
  REQUIRE(pipeline.rows() < kPosts);
  Process another = pipeline.start_republisher();
  REQUIRE(ingestor.wait(30s) == 0);
  CHECK(complete(pipeline, kPosts));
  // What it had in hand, and nothing else, came again.
  CHECK(redelivered(pipeline) > 0);
  CHECK(redelivered(pipeline) <= kMaxDemand);
  CHECK(pipeline.query("SELECT max(attempts) FROM publications") == 2);
}

TEST_CASE("a reporter that is killed three times loses and doubles no publication") {
  Pipeline pipeline{work()};
  Process reporter = pipeline.start_reporter();
  Process ingestor = pipeline.start_ingestor();
  Process first = pipeline.start_republisher();
  Process second = pipeline.start_republisher();
  for (const std::int64_t rows : {500, 1'500, 2'500}) {
    REQUIRE(reached(pipeline, rows));
    reporter.kill();
    REQUIRE(pipeline.rows() < kPosts);
    reporter = pipeline.start_reporter();
  }
  REQUIRE(ingestor.wait(30s) == 0);
  CHECK(complete(pipeline, kPosts));
  // Nothing that the republishers had received was asked of the ingestor again.
  CHECK(pipeline.query("SELECT max(attempts) FROM publications") == 1);
}

TEST_CASE("an ingestor that is killed twice goes on where it was") {
  Pipeline pipeline{work()};
  Process reporter = pipeline.start_reporter();
  Process ingestor = pipeline.start_ingestor();
  Process first = pipeline.start_republisher();
  Process second = pipeline.start_republisher();
  for (const std::int64_t rows : {1'000, 2'500}) {
    REQUIRE(reached(pipeline, rows));
    ingestor.kill();
    REQUIRE(pipeline.rows() < kPosts);
    ingestor = pipeline.start_ingestor();
  }
  REQUIRE(ingestor.wait(30s) == 0);
  CHECK(complete(pipeline, kPosts));
  CHECK(redelivered(pipeline) > 0);
  // The last of the three did not begin anew.
  CHECK(pipeline.query("SELECT count(*) FROM publications WHERE redelivered = 0") >= 500);
}

}  // namespace pullwire::tests
