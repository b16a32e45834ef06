// A reporter's budget is for all republishers together, however small it is.
#include <algorithm>
#include <vector>

#include "tests/catch.hpp"
#include "tests/pipeline/support.hpp"

namespace pullwire::tests {
namespace {

void share_budget(std::size_t republishers, std::size_t budget, int posts) {
  Pipeline::Config config =
      fed_by("simulated:?count=" + std::to_string(posts), "exit_when_done = true");
  config.reporter = "max_demand = " + std::to_string(budget);
  Pipeline pipeline{config};
  Process reporter = pipeline.start_reporter();
  std::vector<Process> all;
  for (std::size_t i = 0; i < republishers; ++i) all.push_back(pipeline.start_republisher());
  const auto refused = [&] {
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [](const Process& process) {
          return process.output().find("raise [reporter] max_demand") != std::string::npos;
        }));
  };
  // Each is served or told why not, before there is anything to do.
  CHECK(eventually(
      [&] {
        return sessions(pipeline.reporter_port(), "publications") ==
                   static_cast<double>(std::min(republishers, budget)) &&
               refused() == republishers - std::min(republishers, budget);
      },
      30s));
  Process ingestor = pipeline.start_ingestor();
  REQUIRE(ingestor.wait(60s) == 0);
  CHECK(complete(pipeline, posts));
}

}  // namespace

TEST_CASE("a reporter that takes one publication at a time gets all of every post") {
  constexpr int kPosts = 50;
  Pipeline::Config config =
      fed_by("simulated:?count=" + std::to_string(kPosts), "exit_when_done = true");
  config.targets = null_target("", R"("html", "markdown", "text", "json", "pdf")");
  config.reporter = "max_demand = 1";
  Pipeline pipeline{config};
  Process reporter = pipeline.start_reporter();
  Process ingestor = pipeline.start_ingestor();
  Process republisher = pipeline.start_republisher();
  REQUIRE(ingestor.wait(60s) == 0);
  CHECK(complete(pipeline, kPosts, 5));
}

TEST_CASE("of twelve republishers on a budget of ten each is served or refused clearly") {
  share_budget(12, 10, 2'000);
}

TEST_CASE("of 64 republishers on a budget of ten each is served or refused clearly", "[.long]") {
  share_budget(64, 10, 2'000);
}

}  // namespace pullwire::tests
