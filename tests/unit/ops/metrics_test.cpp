#include "common/ops/metrics.hpp"

#include <chrono>
#include <sstream>
#include <string>

#include <unistd.h>

#include "tests/catch.hpp"

using namespace pullwire;
using Catch::Contains;

namespace {

/// The value of the line that starts with `series`; NaN if there is none.
double value_of(const std::string& text, const std::string& series) {
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(series + " ")) return std::stod(line.substr(series.size()));
  }
  return std::nan("");
}

}  // namespace

TEST_CASE("a metric has prefix, stage, labels and help", "[metrics]") {
  Metrics metrics{"ingestor"};
  metrics.counter("events_sent_total", "Events sent.", {{"link", "posts"}}).Increment(3);
  metrics.gauge("credit", "Granted and not used.", {{"link", "posts"}}).Set(7);
  metrics.gauge("cursor_lag_posts", "Newest sent minus cursor.").Set(2);
  metrics.histogram("publish_seconds", "Time to publish.", {}, {0.1, 1}).Observe(0.5);
  const std::string text = metrics.text();
  CHECK_THAT(text, Contains("# HELP pullwire_events_sent_total Events sent.\n"
                            "# TYPE pullwire_events_sent_total counter\n"));
  CHECK(value_of(text, R"(pullwire_events_sent_total{stage="ingestor",link="posts"})") == 3);
  CHECK(value_of(text, R"(pullwire_credit{stage="ingestor",link="posts"})") == 7);
  CHECK(value_of(text, R"(pullwire_cursor_lag_posts{stage="ingestor"})") == 2);
  CHECK(value_of(text, R"(pullwire_publish_seconds_bucket{stage="ingestor",le="0.1"})") == 0);
  CHECK(value_of(text, R"(pullwire_publish_seconds_bucket{stage="ingestor",le="1"})") == 1);
  CHECK(value_of(text, R"(pullwire_publish_seconds_sum{stage="ingestor"})") == 0.5);
}

TEST_CASE("the same name and labels are the same metric", "[metrics]") {
  Metrics metrics{"reporter"};
  Counter& a = metrics.counter("events_received_total", "Events.", {{"link", "a"}});
  for (int i = 0; i < 100; ++i) {
    metrics.counter("events_received_total", "Events.", {{"link", std::to_string(i)}});
  }
  CHECK(&a == &metrics.counter("events_received_total", "Events.", {{"link", "a"}}));
  CHECK(&a != &metrics.counter("events_received_total", "Events.", {{"link", "b"}}));
  Histogram& seconds = metrics.histogram("commit_seconds", "Time.", {}, {1});
  CHECK(&seconds == &metrics.histogram("commit_seconds", "Time.", {}, {2}));
}

TEST_CASE("from the thousand and first label set on, they are counted as other", "[metrics]") {
  Metrics metrics{"republisher"};
  for (std::size_t i = 0; i < kMaxLabelSets; ++i) {
    metrics.counter("publications_total", "Publications.", {{"target", std::to_string(i)}});
  }
  metrics.counter("publications_total", "Publications.", {{"target", "x"}}).Increment();
  metrics.counter("publications_total", "Publications.", {{"target", "y"}}).Increment();
  metrics.counter("publications_total", "Publications.", {{"target", "0"}}).Increment();
  metrics.gauge("sessions", "Sessions.", {{"link", "posts"}}).Set(1);
  const std::string text = metrics.text();
  const std::string name = R"(pullwire_publications_total{stage="republisher",target=")";
  CHECK(value_of(text, name + "other\"}") == 2);
  CHECK(value_of(text, name + "0\"}") == 1);
  CHECK_THAT(text, !Contains("target=\"x\""));
  CHECK(value_of(text, R"(pullwire_sessions{stage="republisher",link="posts"})") == 1);
}

TEST_CASE("a name is one type's", "[metrics]") {
  Metrics metrics{"ingestor"};
  metrics.counter("credit", "Credit.");
  CHECK_THROWS(metrics.gauge("credit", "Credit."));
  CHECK_THROWS(metrics.counter("no name", "Blank."));
}

TEST_CASE("the process tells its memory, CPU time, descriptors and start", "[metrics]") {
  const Metrics metrics{"ingestor"};
  const double before = value_of(metrics.text(), "process_open_fds");
  const int descriptor = ::dup(STDERR_FILENO);
  const std::string text = metrics.text();
  ::close(descriptor);
  CHECK(value_of(text, "process_open_fds") == before + 1);
  CHECK(value_of(text, "process_max_fds") >= before);
  CHECK(value_of(text, "process_resident_memory_bytes") > 1e6);
  CHECK(value_of(text, "process_cpu_seconds_total") > 0);
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  CHECK(value_of(text, "process_start_time_seconds") < now.count() + 1);
  CHECK(value_of(text, "process_start_time_seconds") > now.count() - 3600);
  CHECK_THAT(text, Contains("# TYPE process_cpu_seconds_total counter"));
}

TEST_CASE("observations reach their histogram together", "[metrics]") {
  Metrics metrics{"reporter"};
  const std::vector<double> buckets{0.1, 1};
  Histogram& histogram = metrics.histogram("age_seconds", "Age.", {}, buckets);
  Observations seen{buckets};
  for (const double value : {0.05, 0.1, 0.5, 7.0}) seen.add(value);
  CHECK(metrics.text().find("age_seconds_count{stage=\"reporter\"} 0") != std::string::npos);
  seen.move_to(histogram);
  seen.move_to(histogram);  // nothing new
  const std::string text = metrics.text();
  CHECK(text.find("le=\"0.1\"} 2\n") != std::string::npos);
  CHECK(text.find("le=\"1\"} 3\n") != std::string::npos);
  CHECK(text.find("le=\"+Inf\"} 4\n") != std::string::npos);
  CHECK(text.find("age_seconds_sum{stage=\"reporter\"} 7.65") != std::string::npos);
}
