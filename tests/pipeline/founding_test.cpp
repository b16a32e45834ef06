// The founding example: what the slowest can take is what the fastest is asked for.
#include <algorithm>
#include <vector>

#include "tests/catch.hpp"
#include "tests/pipeline/support.hpp"

namespace pullwire::tests {
namespace {

using Clock = std::chrono::steady_clock;

double recorded(const Pipeline& pipeline) {
  return Pipeline::total(pipeline.reporter_port(), "pullwire_publications_total");
}

/// Publications recorded a second, over `span`, between two looks at the clock.
double rate(const Pipeline& pipeline, std::chrono::milliseconds span) {
  const double before = recorded(pipeline);
  const auto begun = Clock::now();
  eventually([&] { return Clock::now() >= begun + span; }, span + 1s);
  const double after = recorded(pipeline);
  return (after - before) / std::chrono::duration<double>(Clock::now() - begun).count();
}

}  // namespace

TEST_CASE("the founding example runs at 100 posts a second, with five republishers at 500") {
  Pipeline::Config config = fed_by("simulated:?cost_ms=1");
  config.targets = null_target("?cost_ms=10");
  config.republisher = "max_demand = 10";
  config.reporter = "cost_ms = 2";
  config.database = "none:";
  Pipeline pipeline{config};
  Process reporter = pipeline.start_reporter();
  Process ingestor = pipeline.start_ingestor();
  std::vector<Process> republishers;
  republishers.push_back(pipeline.start_republisher());
  // A second's work is done: it runs evenly.
  REQUIRE(eventually([&] { return recorded(pipeline) >= 100; }));
  const double with_one = rate(pipeline, 2s);
  CHECK(with_one == Approx(100).epsilon(0.05));

  while (republishers.size() < 5) republishers.push_back(pipeline.start_republisher());
  REQUIRE(eventually([&] {
    return sessions(pipeline.ingestor_port(), "posts") == 5 &&
           sessions(pipeline.reporter_port(), "publications") == 5;
  }));
  const double begun = recorded(pipeline);
  REQUIRE(eventually([&] { return recorded(pipeline) >= begun + 500; }, 3s));
  const double with_five = rate(pipeline, 2s);
  CHECK(with_five == Approx(500).epsilon(0.1));
  WARN("one republisher: " << with_one << "/s, five: " << with_five << "/s");
}

}  // namespace pullwire::tests
