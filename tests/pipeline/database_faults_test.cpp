// The reporter's database is locked, full or gone: nothing is settled that is not safe, no
// session ends, and the pipeline goes on by itself.
#include <csignal>
#include <optional>

#include <SQLiteCpp/SQLiteCpp.h>
#include <sys/resource.h>

#include "tests/catch.hpp"
#include "tests/pipeline/support.hpp"
#include "tests/small_disk.hpp"

namespace pullwire::tests {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kPosts = 2000;

/// A pipeline whose database is in a folder `db` of its own, and rows are coming.
struct Flow {
  Flow() : pipeline{config()} { fs::create_directories(folder()); }

  static Pipeline::Config config() {
    Pipeline::Config config =
        fed_by("simulated:?rate=400&count=" + std::to_string(kPosts), "exit_when_done = true");
    config.database = "sqlite:db/reports.db";
    return config;
  }

  void begin() {
    reporter.emplace(pipeline.start_reporter());
    republisher.emplace(pipeline.start_republisher());
    ingestor.emplace(pipeline.start_ingestor());
    REQUIRE(eventually([&] { return settled() > 100; }));
  }

  /// To be called when the trouble has begun: that it is told, that nothing is settled,
  /// and that every session lives through `span`.
  void check_trouble(const std::string& reason, std::chrono::milliseconds span) {
    const auto told = [&] {
      const std::string said = readiness(pipeline.reporter_port());
      return said.starts_with("the database does not take records: ") &&
             said.find(reason) != std::string::npos;
    };
    REQUIRE(eventually(told));
    const double before = settled();
    CHECK(before < kPosts);
    CHECK(stays([&] { return told() && settled() == before; }, span));
    CHECK(sessions(pipeline.reporter_port(), "publications") == 1);
    CHECK(sessions(pipeline.ingestor_port(), "posts") == 1);
  }

  /// To be called when the trouble is over.
  void check_end() {
    CHECK(ingestor->wait(30s) == 0);
    CHECK(readiness(pipeline.reporter_port()) == "ready");
    CHECK(complete(pipeline, kPosts));
    CHECK(pipeline.query("SELECT sum(redelivered) FROM publications") == 0);
    CHECK(Pipeline::total(pipeline.reporter_port(), "pullwire_publications_repeated_total") == 0);
    CHECK(Pipeline::total(pipeline.reporter_port(), "pullwire_sessions_ended_total") == 0);
    CHECK(lines_with(*reporter, "does not take records") == 1);
    CHECK(lines_with(*reporter, "takes records again") == 1);
    reporter->signal(SIGTERM);
    CHECK(reporter->wait() == 0);
  }

  [[nodiscard]] double settled() const {
    return Pipeline::total(pipeline.reporter_port(), "pullwire_events_settled_total");
  }
  [[nodiscard]] fs::path folder() const { return pipeline.dir() / "db"; }
  [[nodiscard]] fs::path database() const { return folder() / "reports.db"; }

  Pipeline pipeline;
  std::optional<Process> reporter;
  std::optional<Process> republisher;
  std::optional<Process> ingestor;
};

}  // namespace

TEST_CASE("a locked database is waited for, longer than a silent peer would be") {
  Flow flow;
  flow.begin();
  SQLite::Database other{flow.database().string(), SQLite::OPEN_READWRITE};
  // Between two commits, which come one upon the other: SQLite's own patience would be too slow.
  const auto deadline = std::chrono::steady_clock::now() + 15s;
  while (other.tryExec("BEGIN EXCLUSIVE") != SQLite::OK) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
  }
  const auto rows = [&] {
    return other.execAndGet("SELECT count(*) FROM publications").getInt64();
  };
  const std::int64_t before = rows();
  flow.check_trouble("is locked by another program; close it there", 3500ms);
  CHECK(rows() == before);
  CHECK(static_cast<double>(before) >= flow.settled());
  other.exec("ROLLBACK");
  flow.check_end();
}

TEST_CASE("a database on a full disk goes on when there is room again") {
  Flow flow;
  const auto disk = SmallDisk::mount(flow.folder(), 64);
  if (!disk) {
    WARN("not run: this user may not mount a small disk");
    return;
  }
  flow.begin();
  disk->fill();
  flow.check_trouble("cannot be written: the disk is full; make room", 1500ms);
  disk->make_room();
  flow.check_end();
}

TEST_CASE("a database that may grow no further goes on when it may") {
  Flow flow;
  flow.begin();
  rlimit before{};
  const rlimit none{.rlim_cur = fs::file_size(flow.database()), .rlim_max = RLIM_INFINITY};
  REQUIRE(::prlimit(flow.reporter->pid(), RLIMIT_FSIZE, nullptr, &before) == 0);
  REQUIRE(::prlimit(flow.reporter->pid(), RLIMIT_FSIZE, &none, nullptr) == 0);
  flow.check_trouble("cannot be written or read (disk I/O error)", 1500ms);
  REQUIRE(::prlimit(flow.reporter->pid(), RLIMIT_FSIZE, &before, nullptr) == 0);
  flow.check_end();
}

TEST_CASE("a database that was moved away or replaced goes on when it is back") {
  Flow flow;
  flow.begin();
  const bool whole_folder = GENERATE(false, true);
  const fs::path moved = whole_folder ? flow.folder() : flow.database();
  const fs::path elsewhere = flow.pipeline.dir() / "elsewhere";
  fs::rename(moved, elsewhere);
  if (!whole_folder) fs::copy_file(elsewhere, moved);
  flow.check_trouble("was moved, removed or replaced", 1500ms);
  fs::rename(elsewhere, moved);
  flow.check_end();
}

TEST_CASE("what was not settled when the database was removed goes into the next one") {
  Flow flow;
  flow.begin();
  // Other names for the same files: what was in them when they were removed.
  fs::create_hard_link(flow.database(), flow.pipeline.dir() / "old.db");
  fs::create_hard_link(flow.database() += "-wal", flow.pipeline.dir() / "old.db-wal");
  fs::remove_all(flow.folder());
  flow.check_trouble("was moved, removed or replaced", 1500ms);
  fs::create_directories(flow.folder());
  flow.reporter->kill();
  *flow.reporter = flow.pipeline.start_reporter();
  CHECK(flow.ingestor->wait(30s) == 0);
  flow.reporter->signal(SIGTERM);
  CHECK(flow.reporter->wait() == 0);
  SQLite::Database both{flow.database().string(), SQLite::OPEN_READWRITE};
  both.exec("ATTACH '" + (flow.pipeline.dir() / "old.db").string() + "' AS old");
  CHECK(both.execAndGet("SELECT count(*) FROM (SELECT post_id FROM publications UNION "
                        "SELECT post_id FROM old.publications)")
            .getInt64() == kPosts);
  // Of what was settled nothing came again.
  CHECK(both.execAndGet(
                "SELECT count(*) FROM main.publications n JOIN old.publications o USING (post_id) "
                "WHERE NOT n.redelivered")
            .getInt64() == 0);
}

}  // namespace pullwire::tests
