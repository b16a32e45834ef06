// The ingestor's state is locked, full or gone: posts flow as far as max_span lets them, and
// the ingestor goes on by itself.
#include <optional>

#include <SQLiteCpp/SQLiteCpp.h>

#include "tests/catch.hpp"
#include "tests/pipeline/support.hpp"
#include "tests/small_disk.hpp"

namespace pullwire::tests {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kPosts = 2000;
constexpr std::int64_t kSpan = 400;

/// A pipeline whose ingestor has its state in a folder of its own, and posts are flowing.
struct Flow {
  Flow() : pipeline{config()} { fs::create_directories(folder()); }

  static Pipeline::Config config() {
    Pipeline::Config config;
    config.ingestor = "state = \"state/ingestor.db\"\nsources = [\"simulated:?rate=400&count=" +
                      std::to_string(kPosts) +
                      "\"]\nexit_when_done = true\nmax_span = " + std::to_string(kSpan) + "\n";
    return config;
  }

  void begin() {
    reporter.emplace(pipeline.start_reporter());
    republisher.emplace(pipeline.start_republisher());
    ingestor.emplace(pipeline.start_ingestor());
    REQUIRE(eventually([&] { return pipeline.rows() > 100; }));
  }

  /// To be called when the trouble has begun, with so many rows then at most.
  void check_trouble(const std::string& reason, std::int64_t rows) {
    REQUIRE(eventually([&] {
      const std::string said = readiness(pipeline.ingestor_port());
      return said.starts_with("state cannot be written: ") &&
             said.find(reason) != std::string::npos;
    }));
    REQUIRE(eventually([&] { return lag() == kSpan && pipeline.rows() >= kSpan; }));
    CHECK(stays([&] { return lag() == kSpan && pipeline.rows() <= rows + kSpan; }, 1500ms));
    CHECK(sessions(pipeline.ingestor_port(), "posts") == 1);
    CHECK(Pipeline::total(pipeline.ingestor_port(), "pullwire_sessions_ended_total") == 0);
  }

  /// To be called when the trouble is over.
  void check_end() {
    CHECK(ingestor->wait(30s) == 0);
    CHECK(complete(pipeline, kPosts));
    CHECK(pipeline.query("SELECT sum(redelivered) FROM publications") == 0);
    CHECK(lines_with(*ingestor, "state cannot be written") == 1);
    CHECK(lines_with(*ingestor, "state is written again") == 1);
    // And it was: the next ingestor has nothing to do.
    Process next = pipeline.start_ingestor();
    CHECK(next.wait() == 0);
    CHECK(lines_with(next, "every source has ended and every post is settled posts=0") == 1);
    CHECK(Pipeline::total(pipeline.reporter_port(), "pullwire_events_received_total") == kPosts);
  }

  [[nodiscard]] double lag() const {
    return Pipeline::total(pipeline.ingestor_port(), "pullwire_cursor_lag_posts");
  }
  [[nodiscard]] fs::path folder() const { return pipeline.dir() / "state"; }

  Pipeline pipeline;
  std::optional<Process> reporter;
  std::optional<Process> republisher;
  std::optional<Process> ingestor;
};

}  // namespace

TEST_CASE("posts flow as far as max_span while the state is locked") {
  Flow flow;
  flow.begin();
  SQLite::Database other{(flow.folder() / "ingestor.db").string(), SQLite::OPEN_READWRITE, 10'000};
  other.exec("BEGIN EXCLUSIVE");
  flow.check_trouble("is locked by another program; close it there", flow.pipeline.rows());
  other.exec("ROLLBACK");
  flow.check_end();
}

TEST_CASE("posts flow as far as max_span while the state's disk is full") {
  Flow flow;
  const auto disk = SmallDisk::mount(flow.folder(), 48);
  if (!disk) {
    WARN("not run: this user may not mount a small disk");
    return;
  }
  flow.begin();
  disk->fill();
  flow.check_trouble("cannot be written: the disk is full; make room", kPosts);
  disk->make_room();
  flow.check_end();
}

TEST_CASE("posts flow as far as max_span while the state is away") {
  Flow flow;
  flow.begin();
  const fs::path elsewhere = flow.pipeline.dir() / "elsewhere";
  fs::rename(flow.folder(), elsewhere);
  flow.check_trouble("was moved, removed or replaced", flow.pipeline.rows());
  fs::rename(elsewhere, flow.folder());
  flow.check_end();
}

}  // namespace pullwire::tests
