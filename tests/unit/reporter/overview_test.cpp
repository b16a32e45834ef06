#include "reporter/overview.hpp"

#include <string>
#include <vector>

#include "tests/catch.hpp"

using namespace pullwire;
using namespace std::chrono_literals;
using reporter::Overview;
using wire::StageReport;

namespace {

/// Three stages over ten seconds, each busy or blocked for a part of every second.
class Pipeline {
 public:
  void run(double ingestor_blocked, double republisher_busy, double reporter_busy) {
    for (std::uint64_t second = 0; second <= 10; ++second) {
      now_ = std::chrono::seconds{second};
      StageReport republisher = report("republisher", 2, second);
      republisher.busy_us = part(republisher_busy, second);
      StageReport ingestor = report("ingestor", 1, second);
      ingestor.blocked_us = part(ingestor_blocked, second);
      overview.take(7, wire::encode_reports({republisher, ingestor}), now_);
      StageReport own = report("reporter", 3, second);
      own.busy_us = part(reporter_busy, second);
      overview.take_own(own, now_);
    }
  }

  [[nodiscard]] std::string_view limiting() const { return overview.limiting(now_); }
  [[nodiscard]] std::string json() const { return overview.json(now_); }

  Overview overview;

 private:
  static StageReport report(const char* stage, std::uint8_t id, std::uint64_t second) {
    StageReport report;
    report.stage = stage;
    report.name = std::string{stage} + "@host:" + std::to_string(id);
    report.instance[0] = id;
    report.uptime_us = second * 1'000'000;
    report.events = second * 100;
    return report;
  }
  static std::uint64_t part(double share, std::uint64_t second) {
    return static_cast<std::uint64_t>(share * 1e6 * static_cast<double>(second));
  }

  Overview::Time now_{};
};

}  // namespace

TEST_CASE("whoever is busy most of the time limits", "[overview]") {
  Pipeline pipeline;
  SECTION("the source") {
    pipeline.run(0.1, 0.3, 0.2);
    CHECK(pipeline.limiting() == "source");
  }
  SECTION("a republisher") {
    pipeline.run(0.9, 1.0, 0.2);
    CHECK(pipeline.limiting() == "republisher");
  }
  SECTION("the reporter") {
    pipeline.run(0.5, 0.6, 1.0);
    CHECK(pipeline.limiting() == "reporter");
  }
  SECTION("of two that are as busy the one downstream") {
    pipeline.run(0.48, 1.0, 1.0);
    CHECK(pipeline.limiting() == "reporter");
  }
}

TEST_CASE("nobody limits before the pipeline is whole, and rates are per second", "[overview]") {
  Pipeline pipeline;
  CHECK(pipeline.limiting() == "unknown");
  pipeline.run(0.9, 1.0, 0.2);
  CHECK(pipeline.json().find("\"events_per_second\":100.0") != std::string::npos);
  pipeline.overview.forget(7);
  CHECK(pipeline.limiting() == "unknown");
}

TEST_CASE("what a stage says of its sources or targets is passed on", "[overview]") {
  Overview overview;
  wire::StageReport republisher;
  republisher.stage = "republisher";
  republisher.trouble = "target hook is closed";
  overview.take(7, wire::encode_reports({republisher}), 1s);
  CHECK(overview.json(1s).find("\"trouble\":\"target hook is closed\"") != std::string::npos);
}

TEST_CASE("a target is closed for the longest that one republisher says", "[overview]") {
  Overview overview;
  wire::StageReport one;
  one.stage = "republisher";
  one.instance = {1};
  one.closed = {{"hook", 5'000'000}, {"past", 500'000}};
  overview.take(7, wire::encode_reports({one}), 10s);
  wire::StageReport other = one;
  other.instance = {2};
  other.closed = {{"hook", 3'000'000}};
  overview.take(8, wire::encode_reports({other}), 11s);
  CHECK(overview.closed(11s) == std::vector<wire::Closure>{{"hook", 4'000'000}});
  CHECK(overview.closed(16s).empty());
}

TEST_CASE("reports that are none are left out", "[overview]") {
  Overview overview;
  overview.take(1, "no reports", 1s);
  CHECK(overview.json(1s).find("\"stages\":[]") != std::string::npos);
}
