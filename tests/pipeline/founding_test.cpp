// The founding example: what the slowest can take is what the fastest is asked for.
#include <algorithm>
#include <cmath>
#include <string>

#include "tests/catch.hpp"
#include "tests/pipeline/launched.hpp"
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

TEST_CASE("the founding example has its speed a second after it is scaled up or down") {
  Pipeline::Config config = fed_by("simulated:?cost_ms=1");
  config.targets = null_target("?cost_ms=10");
  config.republisher = "max_demand = 10";
  config.reporter = "cost_ms = 2";
  config.database = "none:";
  Pipeline pipeline{config};
  Launched launched{pipeline, 1};
  REQUIRE(eventually([&] { return recorded(pipeline) >= 100; }, 30s));
  CHECK(rate(pipeline, 1500ms) == Approx(100).epsilon(0.1));
  std::string measured;
  for (const int republishers : {3, 5, 2, 8, 1}) {
    INFO(launched.output());
    REQUIRE(launched.scale(republishers));
    eventually([] { return false; }, 1s);
    const auto expected = Approx(std::min(100.0 * republishers, 500.0)).epsilon(0.1);
    double speed = rate(pipeline, 1500ms);
    // Another process may have had the machine: what is too slow by itself stays so.
    if (speed != expected) speed = rate(pipeline, 1500ms);
    CHECK(speed == expected);
    measured += " " + std::to_string(republishers) + ": " + std::to_string(std::lround(speed));
  }
  CHECK(launched.finish() == 0);
  WARN("posts a second with so many republishers:" << measured);
}

}  // namespace pullwire::tests
