// Processes that hang, as SIGSTOP makes them: their peers notice in time, and when they go
// on nothing is lost, doubled, or said to be new though it comes again.
#include <csignal>
#include <string>

#include "tests/catch.hpp"
#include "tests/pipeline/support.hpp"

namespace pullwire::tests {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kMaxDemand = 100;
/// The dead time, and a heartbeat for a busy machine.
constexpr auto kNoticed = 3s;

double since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

double ended(int port, const std::string& reason = "") {
  return Pipeline::total(port, "pullwire_sessions_ended_total", reason);
}

double received(int port) {
  return Pipeline::total(port, "pullwire_events_received_total");
}

/// Two republishers under full load, which hold as many posts as they may.
struct Flowing {
  Flowing() {
    REQUIRE(eventually([&] { return pipeline.rows() >= 1'000; }, 30s));
  }

  static Pipeline::Config work() {
    Pipeline::Config config = fed_by("simulated:");
    config.targets = null_target("?cost_ms=2");
    return config;
  }

  /// While nothing was sent again: the number of the newest post that was sent.
  [[nodiscard]] std::int64_t newest() const {
    return static_cast<std::int64_t>(Pipeline::total(ingestor_port, "pullwire_events_sent_total"));
  }
  /// Whether every post up to this number has its row.
  [[nodiscard]] bool recorded_to(std::int64_t number) const {
    return pipeline.query(
               "SELECT count(*) FROM publications WHERE "
               "CAST(substr(post_id, 11) AS INTEGER) <= " +
               std::to_string(number)) == number;
  }
  [[nodiscard]] bool all_have_sessions() const {
    return sessions(ingestor_port, "posts") == 2 && sessions(reporter_port, "publications") == 2;
  }
  [[nodiscard]] std::int64_t highest() const {
    return pipeline.query(
        "SELECT coalesce(max(CAST(substr(post_id, 11) AS INTEGER)), 0) FROM publications");
  }

  /// Posts flow on and are all there, each once, and what came twice was flagged.
  void check_end(std::int64_t attempts) {
    const std::int64_t now = highest();
    CHECK(eventually([&] { return highest() > now + 500; }, 5s));
    CHECK(eventually([&] { return recorded_to(now); }, 10s));
    CHECK(Pipeline::total(reporter_port, "pullwire_publications_repeated_total",
                          "redelivered=\"false\"") == 0);
    ingestor.signal(SIGTERM);
    CHECK(ingestor.wait() == 0);
    CHECK(pipeline.rows() == highest());
    CHECK(pipeline.query("SELECT count(*) FROM posts") == highest());
    CHECK(pipeline.query("SELECT max(attempts) FROM publications") == attempts);
    CHECK(pipeline.query("SELECT count(*) FROM publications WHERE status <> 'published'") == 0);
  }

  Pipeline pipeline{work()};
  Process reporter = pipeline.start_reporter();
  Process ingestor = pipeline.start_ingestor();
  Process first = pipeline.start_republisher();
  Process second = pipeline.start_republisher();
  int ingestor_port = pipeline.ingestor_port();
  int reporter_port = pipeline.reporter_port();
  int first_port = pipeline.republisher_port(0);
  int second_port = pipeline.republisher_port(1);
};

}  // namespace

TEST_CASE("a republisher that hangs is given up, and harms nobody when it goes on") {
  Flowing f;
  f.second.signal(SIGSTOP);
  const auto stopped = Clock::now();
  REQUIRE(eventually([&] { return in_state(f.second, 'T'); }));
  const std::int64_t sent = f.newest();
  CHECK(eventually(
      [&] {
        return ended(f.ingestor_port, "reason=\"silent\"") == 1 &&
               ended(f.reporter_port, "reason=\"silent\"") == 1;
      },
      kNoticed));
  const double noticed = since(stopped);
  CHECK(eventually([&] { return f.recorded_to(sent); }, 10s));
  const double had_by_others = since(stopped);
  const std::int64_t again = f.pipeline.query("SELECT sum(redelivered) FROM publications");
  CHECK(again > 0);
  CHECK(again <= kMaxDemand);

  REQUIRE(eventually([&] { return since(stopped) > 5; }));
  f.second.signal(SIGCONT);
  REQUIRE(eventually([&] { return f.all_have_sessions(); }));
  const double before = received(f.second_port);
  CHECK(eventually([&] { return received(f.second_port) > before + kMaxDemand; }));
  CHECK(ended(f.first_port) == 0);
  CHECK(ended(f.ingestor_port) == 1);
  CHECK(ended(f.reporter_port) == 1);
  f.check_end(2);
  WARN("noticed after " << noticed << " s, its posts recorded by the other after " << had_by_others
                        << " s");
}

TEST_CASE("an ingestor or a reporter that hangs is given up, and serves again when it goes on") {
  Flowing f;
  const bool upstream = GENERATE(true, false);
  CAPTURE(upstream);
  const Process& hung = upstream ? f.ingestor : f.reporter;
  const std::string silent =
      upstream ? "link=\"posts\",reason=\"silent\"" : "link=\"publications\",reason=\"silent\"";
  hung.signal(SIGSTOP);
  const auto stopped = Clock::now();
  CHECK(eventually(
      [&] { return ended(f.first_port, silent) == 1 && ended(f.second_port, silent) == 1; },
      kNoticed));
  REQUIRE(eventually([&] { return since(stopped) > 4; }));
  hung.signal(SIGCONT);
  CHECK(eventually([&] { return f.all_have_sessions(); }));
  CHECK(ended(f.first_port) == 1);
  CHECK(ended(f.second_port) == 1);
  f.check_end(1);
}

TEST_CASE("a republisher that is asked to end while it or its ingestor hangs ends after that") {
  Flowing f;
  const bool itself = GENERATE(true, false);
  CAPTURE(itself);
  const Process& hung = itself ? f.second : f.ingestor;
  hung.signal(SIGSTOP);
  const auto stopped = Clock::now();
  f.second.signal(SIGTERM);
  if (itself) {
    REQUIRE(eventually([&] { return since(stopped) > 3; }));
    hung.signal(SIGCONT);
  }
  CHECK(f.second.wait(10s) == 0);
  hung.signal(SIGCONT);
  CHECK(eventually([&] { return sessions(f.ingestor_port, "posts") == 1; }));
  f.check_end(itself ? 2 : 1);
}

TEST_CASE("a whole pipeline that hangs goes on as if nothing had been") {
  Flowing f;
  const Process* all[] = {&f.reporter, &f.first, &f.second, &f.ingestor};
  const std::int64_t sent = f.newest();
  for (const Process* process : all) process->signal(SIGSTOP);
  const auto stopped = Clock::now();
  REQUIRE(eventually([&] { return since(stopped) > 5; }));
  for (const Process* process : all) process->signal(SIGCONT);
  const auto continued = Clock::now();
  // More than was under way: posts are asked for.
  CHECK(eventually([&] { return f.pipeline.rows() > sent + 2 * kMaxDemand; }, 4s));
  const double flowing = since(continued);
  for (const int port : {f.ingestor_port, f.first_port, f.second_port, f.reporter_port}) {
    CHECK(ended(port) == 0);
    CHECK(Pipeline::total(port, "pullwire_events_redelivered_total") == 0);
  }
  f.check_end(1);
  CHECK(f.pipeline.query("SELECT sum(redelivered) FROM publications") == 0);
  WARN("new posts recorded " << flowing << " s after SIGCONT");
}

}  // namespace pullwire::tests
