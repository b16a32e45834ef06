// Republishers come and go by scripts/pipeline while posts flow.
#include <algorithm>
#include <random>
#include <string>

#include "tests/catch.hpp"
#include "tests/pipeline/launched.hpp"
#include "tests/pipeline/support.hpp"

namespace pullwire::tests {
namespace {

constexpr int kMostRepublishers = 8;

/// Changes the number of republishers so often, at random, and looks for every post.
void scale_under_load(int changes) {
  Pipeline::Config config = fed_by("simulated:?rate=1000");
  config.targets = null_target("?cost_ms=2");  // two keep up, with one posts pile up
  Pipeline pipeline{config};
  Launched launched{pipeline, 2};
  REQUIRE(eventually([&] { return pipeline.rows() > 100; }, 30s));

  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  int republishers = 2;
  for (int i = 0; i < changes; ++i) {
    // Any number but the one there is.
    republishers += std::uniform_int_distribution{1, kMostRepublishers}(random);
    republishers %= kMostRepublishers + 1;
    CAPTURE(i, republishers, launched.output());
    REQUIRE(launched.scale(republishers));
  }
  REQUIRE(launched.scale(2));
  const int ingestor = pipeline.ingestor_port();
  const int reporter = pipeline.reporter_port();
  CHECK(Pipeline::total(ingestor, "pullwire_events_redelivered_total") == 0);
  CHECK(Pipeline::total(reporter, "pullwire_events_redelivered_total") == 0);
  CHECK(Pipeline::total(reporter, "pullwire_publications_repeated_total") == 0);
  for (const int port : {ingestor, reporter}) {
    CHECK(Pipeline::total(port, "pullwire_sessions_ended_total") ==
          Pipeline::total(port, "pullwire_sessions_ended_total", "reason=\"goodbye\""));
  }
  INFO(launched.output());
  CHECK(launched.finish() == 0);

  // What was read and given back comes now, to others, and is the only thing that was missing.
  const std::int64_t posts =
      pipeline.query("SELECT max(CAST(substr(post_id, 11) AS INTEGER)) FROM publications");
  Process again = pipeline.start_reporter();
  Process republisher = pipeline.start_republisher();
  Process rest = pipeline.start_ingestor(
      {"--exit-when-done", "--sources", "simulated:?count=" + std::to_string(posts)});
  REQUIRE(rest.wait(30s) == 0);
  CHECK(complete(pipeline, posts));
  CHECK(pipeline.query("SELECT count(*) FROM publications WHERE redelivered <> 0") == 0);
  CHECK(pipeline.query("SELECT max(attempts) FROM publications") == 1);
  WARN(changes << " changes, " << posts << " posts, none lost or delivered again");
}

}  // namespace

TEST_CASE("republishers scaled up and down have nothing lost or delivered again") {
  scale_under_load(10);
}

TEST_CASE("republishers scaled a hundred times have nothing lost or delivered again", "[.long]") {
  scale_under_load(100);
}

}  // namespace pullwire::tests
