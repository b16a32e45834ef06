// What operators and their tools are shown over HTTP.
#include <algorithm>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "tests/catch.hpp"
#include "tests/pipeline/support.hpp"

namespace pullwire::tests {
namespace {

using nlohmann::json;

json status_of(const Pipeline& pipeline) {
  const auto body = http_get(pipeline.reporter_port(), "/api/status");
  return body ? json::parse(*body) : json::object();
}

/// The metrics that a page lacks.
std::string missing(int port, const std::set<std::string>& names) {
  std::string missing;
  for (const std::string& name : names) {
    if (!Pipeline::metric(port, "pullwire_" + name)) missing += " " + name;
  }
  return missing;
}

long ready(int port, std::string* why = nullptr) {
  long status = 0;
  const auto body = http_get(port, "/readyz", &status);
  if (why != nullptr) *why = body.value_or("");
  return status;
}

/// What limits a pipeline with these costs, once it runs evenly.
void expect_limiting(const std::string& source, const std::string& target,
                     const std::string& reporter_lines, const std::string& limiting) {
  Pipeline::Config config = fed_by(source);
  config.targets = null_target(target);
  config.republisher = "max_demand = 10";
  config.reporter = reporter_lines;
  config.database = "none:";
  Pipeline pipeline{config};
  Process reporter = pipeline.start_reporter();
  Process ingestor = pipeline.start_ingestor();
  Process republisher = pipeline.start_republisher();
  INFO(limiting);
  CHECK(eventually([&] { return status_of(pipeline).value("limiting", "") == limiting; }));
  // And it stays so: more than a window of two seconds.
  REQUIRE(eventually([&] { return status_of(pipeline).value("uptime_s", 0.0) > 3.0; }));
  CHECK(stays([&] { return status_of(pipeline).value("limiting", "") == limiting; }, 1s));
}

}  // namespace

TEST_CASE("each stage is ready when it has its sessions and says before what it lacks") {
  Pipeline pipeline{fed_by("simulated:?count=10")};
  std::string why;
  Process ingestor = pipeline.start_ingestor();
  REQUIRE(eventually([&] { return ready(pipeline.ingestor_port(), &why) == 503; }));
  CHECK(why == "no republisher has a session\n");
  Process republisher = pipeline.start_republisher();
  REQUIRE(eventually([&] { return ready(pipeline.ingestor_port()) == 200; }));
  REQUIRE(eventually([&] {
    return ready(pipeline.republisher_port(0), &why) == 503 &&
           why == "no session with a reporter\n";
  }));
  Process reporter = pipeline.start_reporter();
  CHECK(eventually([&] { return ready(pipeline.republisher_port(0)) == 200; }));
  CHECK(eventually([&] { return ready(pipeline.reporter_port()) == 200; }));
  for (const int port :
       {pipeline.ingestor_port(), pipeline.republisher_port(0), pipeline.reporter_port()}) {
    long status = 0;
    CHECK(http_get(port, "/healthz", &status) == "ok\n");
    CHECK(status == 200);
  }
  republisher.kill();
  CHECK(eventually([&] { return ready(pipeline.reporter_port(), &why) == 503; }));
  CHECK(why == "no republisher has a session\n");
}

TEST_CASE("after a run metrics and status say what happened") {
  constexpr int kPosts = 1'000;
  Pipeline pipeline{fed_by("simulated:?count=" + std::to_string(kPosts))};
  Process reporter = pipeline.start_reporter();
  Process ingestor = pipeline.start_ingestor();
  Process republisher = pipeline.start_republisher();
  REQUIRE(eventually([&] {
    const json posts = status_of(pipeline).value("posts", json::object());
    return posts.value("settled", 0) == kPosts;
  }));

  const std::set<std::string> link_ends{"events_redelivered_total", "events_settled_total",
                                        "credit", "in_flight", "sessions"};
  const auto with = [&](std::set<std::string> names) {
    names.insert(link_ends.begin(), link_ends.end());
    return names;
  };
  CHECK(missing(pipeline.ingestor_port(),
                with({"source_requests_total", "source_posts_total", "source_filtered_total",
                      "source_skipped_total", "source_errors_total", "events_sent_total",
                      "blocked_seconds_total", "cursor_lag_posts"})) == "");
  CHECK(missing(pipeline.republisher_port(0),
                with({"events_sent_total", "events_received_total", "blocked_seconds_total",
                      "publications_total", "publish_seconds_count"})) == "");
  CHECK(missing(pipeline.reporter_port(),
                with({"events_received_total", "publications_total", "commit_seconds_count",
                      "end_to_end_seconds_count"})) == "");
  for (const auto& [port, stage] :
       std::map<int, std::string>{{pipeline.ingestor_port(), "ingestor"},
                                  {pipeline.republisher_port(0), "republisher"},
                                  {pipeline.reporter_port(), "reporter"}}) {
    CHECK(Pipeline::metric(port, "pullwire_events_settled_total", "stage=\"" + stage + "\""));
    CHECK(Pipeline::total(port, "pullwire_events_settled_total", "outcome=\"accepted\"") >= kPosts);
    CHECK(Pipeline::total(port, "pullwire_in_flight") == 0);
  }
  CHECK(Pipeline::total(pipeline.reporter_port(), "pullwire_publications_total",
                        "format=\"text\"") == kPosts);
  CHECK(Pipeline::total(pipeline.reporter_port(), "pullwire_end_to_end_seconds_count") == kPosts);

  const json status = status_of(pipeline);
  std::set<std::string> stages;
  for (const json& stage : status.at("stages")) stages.insert(stage.at("stage"));
  CHECK(stages == std::set<std::string>{"ingestor", "republisher", "reporter"});
  CHECK(status.at("posts").at("read") == kPosts);
  CHECK(status.at("publications").at("published") == kPosts);
  CHECK(status.at("publications").at("failed") == 0);
  CHECK(status.at("redelivered") == 0);

  republisher.kill();
  CHECK(eventually([&] {
    return Pipeline::total(pipeline.reporter_port(), "pullwire_sessions_ended_total",
                           "reason=\"") == 1;
  }));
}

TEST_CASE("the status names the stage that limits") {
  expect_limiting("simulated:", "?cost_ms=10", "", "republisher");
  expect_limiting("simulated:", "", "cost_ms = 20", "reporter");
  expect_limiting("simulated:?cost_ms=20", "", "", "source");
}

}  // namespace pullwire::tests
