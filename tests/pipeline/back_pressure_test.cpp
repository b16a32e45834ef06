// Nobody reads, renders or holds more than somebody below has asked for.
#include <csignal>

#include "tests/catch.hpp"
#include "tests/pipeline/support.hpp"

namespace pullwire::tests {
namespace {

constexpr double kMaxDemand = 100;  // the republisher's default
constexpr double kPage = 500;       // of the simulated source
constexpr std::size_t kGrowth = 4 * 1024 * 1024;
constexpr auto kOverheard = 3s;  // longer than a session without heartbeats lives

double posts_read(const Pipeline& pipeline) {
  return Pipeline::total(pipeline.ingestor_port(), "pullwire_source_posts_total");
}

double requests(const Pipeline& pipeline) {
  return Pipeline::total(pipeline.ingestor_port(), "pullwire_source_requests_total");
}

double posts_settled(const Pipeline& pipeline) {
  return Pipeline::total(pipeline.ingestor_port(), "pullwire_events_settled_total",
                         "outcome=\"accepted\"");
}

double recorded(const Pipeline& pipeline) {
  return Pipeline::total(pipeline.reporter_port(), "pullwire_publications_total");
}

/// Stops the reporter under full load, watches for `span`, and lets it go on.
void stall_reporter(std::chrono::milliseconds span) {
  Pipeline::Config config = fed_by("simulated:?bytes=400");
  config.database = "none:";
  Pipeline pipeline{config};
  Process reporter = pipeline.start_reporter();
  Process ingestor = pipeline.start_ingestor();
  Process republishers[] = {pipeline.start_republisher(), pipeline.start_republisher()};
  // Well under way: buffers have found their size.
  REQUIRE(eventually([&] { return recorded(pipeline) > 20'000; }, 30s));

  reporter.signal(SIGSTOP);
  REQUIRE(eventually([&] { return in_state(reporter, 'T'); }));
  // What was settled before the stop has arrived when reading has come to rest.
  double read = -1;
  REQUIRE(eventually([&] {
    const double before = read;
    read = posts_read(pipeline);
    return before == read && stays([&] { return posts_read(pipeline) == read; }, 300ms);
  }));
  CHECK(read - posts_settled(pipeline) <= 2 * kMaxDemand + kPage);

  const std::size_t ingestor_bytes = ingestor.resident_bytes();
  const std::size_t republisher_bytes[] = {republishers[0].resident_bytes(),
                                           republishers[1].resident_bytes()};
  CHECK(stays([&] { return posts_read(pipeline) == read; }, span));
  CHECK(ingestor.resident_bytes() < ingestor_bytes + kGrowth);
  CHECK(republishers[0].resident_bytes() < republisher_bytes[0] + kGrowth);
  CHECK(republishers[1].resident_bytes() < republisher_bytes[1] + kGrowth);
  CHECK(sessions(pipeline.ingestor_port(), "posts") == 2);

  reporter.signal(SIGCONT);
  CHECK(eventually([&] { return posts_read(pipeline) > read + 1'000; }, 4s));
}

}  // namespace

TEST_CASE("an ingestor alone makes no request to its source") {
  Pipeline pipeline{fed_by("simulated:")};
  Process ingestor = pipeline.start_ingestor();
  REQUIRE(eventually([&] { return http_get(pipeline.ingestor_port(), "/healthz").has_value(); }));
  CHECK(stays([&] { return requests(pipeline) == 0; }, 1s));
  CHECK(http_get(pipeline.ingestor_port(), "/healthz").has_value());
}

TEST_CASE("without a reporter no request is made though republishers have sessions") {
  Pipeline pipeline{fed_by("simulated:")};
  Process ingestor = pipeline.start_ingestor();
  Process republisher = pipeline.start_republisher();
  REQUIRE(eventually([&] { return sessions(pipeline.ingestor_port(), "posts") == 1; }));
  // The same session outlives the silence that would end it: heartbeats flow.
  CHECK(stays(
      [&] { return sessions(pipeline.ingestor_port(), "posts") == 1 && requests(pipeline) == 0; },
      kOverheard));
  CHECK(Pipeline::total(pipeline.ingestor_port(), "pullwire_sessions_ended_total") == 0);

  SECTION("and with one posts flow at once") {
    Process reporter = pipeline.start_reporter();
    CHECK(eventually([&] { return pipeline.rows() > 0; }));
    CHECK(requests(pipeline) > 0);
  }
}

TEST_CASE("a reporter that stands still stops the source and fills no memory") {
  stall_reporter(8s);
}

TEST_CASE("a reporter that stands still for a minute fills no memory", "[.long]") {
  stall_reporter(60s);
}

}  // namespace pullwire::tests
