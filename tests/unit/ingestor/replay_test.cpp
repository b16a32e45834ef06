// What a replay brings of a database that was made for it.
#include "ingestor/sources/replay.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>
#include <SQLiteCpp/VariadicBind.h>

#include "common/ops/report_database.hpp"
#include "common/wire/events.hpp"
#include "ingestor/sources/make_source.hpp"
#include "tests/catch.hpp"
#include "tests/temp_dir.hpp"
#include "tests/unit/ingestor/recorder.hpp"

using namespace pullwire;
using namespace pullwire::ingestor;
using Catch::Matchers::Contains;
using pullwire::tests::TempDir;

namespace {

using namespace std::chrono_literals;

constexpr const char* kTables = R"sql(
CREATE TABLE publications (
  post_id TEXT NOT NULL, target TEXT NOT NULL, format TEXT NOT NULL, status TEXT NOT NULL,
  attempts INTEGER NOT NULL, error TEXT, retry_at TEXT, published_at TEXT,
  PRIMARY KEY (post_id, target, format)
);
)sql";

std::string text_in(std::chrono::seconds from_now) {
  return to_text(Timestamp{wall_clock().micros + std::chrono::microseconds{from_now}.count()});
}

/// What another process, the reporter, has written.
class Database {
 public:
  explicit Database(const std::filesystem::path& path) {
    Application made = kReportDatabase;
    const std::string sql = std::string{kTables} + kReportSchema2;
    made.create_sql = sql.c_str();
    held_ = std::make_unique<HeldDatabase>(open_database(path, made));
  }

  struct Row {
    std::string status = "deferred";
    std::chrono::seconds due{-1};
    int attempts = 1;
    std::string error = "no answer";
  };

  void add(const std::string& post_id, const std::string& target, const std::string& format) {
    add(post_id, target, format, Row{});
  }
  void add(const std::string& post_id, const std::string& target, const std::string& format,
           const Row& row) {
    SQLite::Statement insert{held_->connection,
                             "INSERT INTO publications VALUES (?, ?, ?, ?, ?, ?, ?, NULL)"};
    SQLite::bind(insert, post_id, target, format, row.status, row.attempts, row.error,
                 text_in(row.due));
    insert.exec();
  }
  void keep(const std::string& post_id, std::chrono::seconds age = 1s,
            std::string_view refused = {}) {
    const std::string text = "text of " + post_id;
    const std::string bytes = wire::encode_post(
        {.post_id = post_id,
         .source = "s",
         .author = "ada",
         .author_name = {},
         .created_at = {},
         .lang = "en",
         .url = {},
         .text = text,
         .hashtags = {"tag"},
         .media = {},
         .ingested_at = {wall_clock().micros - std::chrono::microseconds{age}.count()},
         .refused = refused,
         .pending = {{"from", "before", 7}}});
    keep_bytes(post_id, bytes);
  }
  void keep_bytes(const std::string& post_id, const std::string& bytes) {
    SQLite::Statement insert{held_->connection, "INSERT INTO unpublished VALUES (?1, ?2)"};
    insert.bind(1, post_id);
    insert.bind(2, bytes.data(), static_cast<int>(bytes.size()));
    insert.exec();
  }
  void run(const std::string& sql) { held_->connection.exec(sql); }

 private:
  std::unique_ptr<HeldDatabase> held_;
};

/// A sink that keeps what was given as with a republisher until it is settled.
struct Desk final : Sink {
  void requested() override {}
  void post(const Post& post, const Traits& /*traits*/, std::string_view /*position*/) override {
    std::string line{post.post_id};
    for (const Pending& one : post.pending) {
      line += " " + std::string{one.target} + "/" + std::string{one.format} + "*" +
              std::to_string(one.attempts);
    }
    if (!post.refused.empty()) line += " (" + std::string{post.refused} + ")";
    given.push_back(line);
    CHECK(post.text == "text of " + std::string{post.post_id});
    CHECK(post.source == "s");
    CHECK(out.insert(std::string{post.post_id}).second);
  }
  void skipped(std::string_view where, std::string_view why) override {
    skips.push_back(std::string{where} + ": " + std::string{why});
  }
  void old(std::string_view /*post_id*/) override {}
  void error(std::string_view why) override { errors.emplace_back(why); }
  void works() override { ++recoveries; }
  void moved() override {}
  [[nodiscard]] bool takes(std::string_view post_id) const override {
    return out.count(std::string{post_id}) == 0;
  }
  [[nodiscard]] bool alone() const override { return is_alone; }

  std::vector<std::string> given;
  std::set<std::string> out;
  std::vector<std::string> skips;
  std::vector<std::string> errors;
  std::size_t recoveries = 0;
  bool is_alone = false;
};

using Lines = std::vector<std::string>;

/// A replay with `options` as in the URI, and its sink.
struct Replaying {
  explicit Replaying(const TempDir& dir, const std::string& options = "", bool follow = true)
      : source{make_source("replay:a.db" + options,
                           {.base = dir.path(), .hashtags = {}, .follow = follow})} {}

  /// What one pass brings.
  Lines pass(std::size_t wanted = 100) {
    const std::size_t before = desk.given.size();
    for (bool rests = false; again && !rests && desk.errors.empty();) {
      again = source->pull(now, wanted, desk);
      if (!again) break;
      rests = *again - now >= 500ms;  // after a pass
      now = *again;
    }
    Lines lines{desk.given.begin() + static_cast<std::ptrdiff_t>(before), desk.given.end()};
    return lines;
  }
  std::unique_ptr<Source> source;
  Desk desk;
  Time now{0};
  std::optional<Time> again = Time{0};
};

}  // namespace

TEST_CASE("a replay brings what is due, with all that is due of a post", "[replay]") {
  const TempDir dir;
  Database database{dir / "a.db"};
  for (const char* id : {"s:1", "s:2", "s:3"}) database.keep(id);
  database.add("s:1", "hook", "html");
  database.add("s:2", "hook", "html", {.due = 3600s});
  database.add("s:1", "hook", "pdf", {.attempts = 4});
  database.add("s:1", "dav", "text");
  database.add("s:1", "dav", "json", {.status = "failed"});
  database.add("s:1", "dav", "html", {.due = 3600s});
  database.add("s:3", "dav", "text");
  SECTION("of every target") {
    Replaying replay{dir};
    CHECK(replay.source->name() == "replay");
    CHECK(replay.source->identity() == Source::Identity::Replayed);
    CHECK(replay.pass() == Lines{"s:1 dav/text*1 hook/html*1 hook/pdf*4", "s:3 dav/text*1"});
  }
  SECTION("of one target") {
    Replaying replay{dir, "?target=hook"};
    CHECK(replay.pass() == Lines{"s:1 hook/html*1 hook/pdf*4"});
  }
  SECTION("newest first") {
    Replaying replay{dir, "?order=newest"};
    CHECK(replay.pass() == Lines{"s:3 dav/text*1", "s:1 dav/text*1 hook/html*1 hook/pdf*4"});
  }
  SECTION("once at a time, and again when it is due again") {
    Replaying replay{dir, "?target=dav"};
    CHECK(replay.pass() == Lines{"s:1 dav/text*1", "s:3 dav/text*1"});
    CHECK(replay.pass().empty());
    replay.desk.out.clear();
    database.run(
        "UPDATE publications SET status = 'published', published_at = retry_at "
        "WHERE post_id = 's:3'");
    database.run("UPDATE publications SET attempts = 2 WHERE post_id = 's:1'");
    CHECK(replay.pass() == Lines{"s:1 dav/text*2"});
  }
  SECTION("as many as are wanted") {
    Replaying replay{dir};
    CHECK(replay.source->pull(Time{0}, 1, replay.desk) == Time{0});
    CHECK(replay.desk.given.size() == 1);
    CHECK(replay.source->pull(Time{0}, 1, replay.desk) > Time{0});
    CHECK(replay.desk.given.size() == 2);
  }
}

TEST_CASE("what is too old, or was begun too often, is given as refused", "[replay]") {
  const TempDir dir;
  Database database{dir / "a.db"};
  database.keep("s:1", 8 * 24h);
  database.keep("s:2", 6 * 24h);
  for (const char* id : {"s:1", "s:2"}) {
    database.add(id, "hook", "html", {.attempts = 1000});
    database.add(id, "hook", "pdf", {.attempts = 999});
  }
  SECTION("by default") {
    Replaying replay{dir};
    CHECK(replay.pass() ==
          Lines{"s:1 hook/html*1000 (older than max_age of the replay; last: no answer)",
                "s:2 hook/html*1000 (given up after max_attempts of the replay, 1000; last: no "
                "answer)"});
    replay.desk.out.clear();
    database.run("DELETE FROM publications WHERE attempts = 1000");
    CHECK(replay.pass() ==
          Lines{"s:1 hook/pdf*999 (older than max_age of the replay; last: no answer)",
                "s:2 hook/pdf*999"});
  }
  SECTION("as configured") {
    Replaying replay{dir, "?max_age=0&max_attempts=1001"};
    CHECK(replay.pass() ==
          Lines{"s:1 hook/html*1000 hook/pdf*999", "s:2 hook/html*1000 hook/pdf*999"});
  }
  SECTION("but not of what has failed already") {
    database.run("UPDATE publications SET status = 'failed'");
    Replaying replay{dir, "?status=failed"};
    CHECK(replay.pass() == Lines{"s:2 hook/pdf*999"});
    CHECK_FALSE(replay.again);
  }
}

TEST_CASE("what has failed is brought once, unless it can never work", "[replay]") {
  const TempDir dir;
  Database database{dir / "a.db"};
  for (const char* id : {"s:1", "s:2", "s:3", "s:4"}) database.keep(id);
  database.keep("s:5", 1s, "too large: text");
  database.add("s:1", "hook", "html", {.status = "failed", .error = "too large: text"});
  database.add("s:1", "hook", "pdf", {.status = "failed", .error = "refused: 403"});
  database.add("s:1", "hook", "text", {.status = "failed", .error = "older than max_age"});
  database.add("s:2", "hook", "pdf", {.status = "failed", .error = "given up after 3"});
  database.add("s:2", "hook", "text", {.status = "failed", .error = "there is no such target"});
  database.add("s:3", "hook", "text", {.status = "failed", .error = "refused: 400"});
  database.add("s:1", "dav", "text", {.status = "failed", .error = "refused: 409"});
  database.add("s:4", "hook", "text");
  database.add("s:5", "hook", "text", {.status = "failed", .error = "refused: too long"});
  const bool newest = GENERATE(false, true);
  Replaying replay{dir, std::string{"?status=failed"} + (newest ? "&order=newest" : "")};
  const std::string first = "s:1 dav/text*1 hook/pdf*1";
  const std::string third = "s:3 hook/text*1";
  CHECK(replay.source->pull(Time{0}, 1, replay.desk) == Time{0});
  // What fails again, or fails only now, is for the next run.
  replay.desk.out.clear();
  database.keep("s:6");
  database.add("s:6", "hook", "text", {.status = "failed"});
  replay.pass();
  CHECK(replay.desk.given == (newest ? Lines{first, third} : Lines{first, third}));
  CHECK_FALSE(replay.again);
}

TEST_CASE("a failed one that is with a republisher is waited for", "[replay]") {
  const TempDir dir;
  Database database{dir / "a.db"};
  database.keep("s:1");
  database.add("s:1", "hook", "html", {.status = "failed"});
  Replaying replay{dir, "?status=failed"};
  replay.desk.out = {"s:1"};
  CHECK(replay.pass().empty());
  REQUIRE(replay.again);
  replay.desk.out.clear();
  CHECK(replay.pass() == Lines{"s:1 hook/html*1"});
  CHECK_FALSE(replay.again);
}

TEST_CASE("a replay ends when nothing is left and no other source can add to it", "[replay]") {
  const TempDir dir;
  Database database{dir / "a.db"};
  database.keep("s:1");
  database.add("s:1", "hook", "html", {.due = 3600s});
  database.add("s:1", "dav", "html", {.status = "failed"});
  Replaying replay{dir, "?target=hook", false};
  CHECK(replay.pass().empty());
  REQUIRE(replay.again);
  replay.desk.is_alone = true;
  CHECK(replay.pass().empty());
  REQUIRE(replay.again);  // one is still to come
  database.run("UPDATE publications SET retry_at = NULL");
  CHECK(replay.pass() == Lines{"s:1 hook/html*1"});
  CHECK(replay.pass().empty());
  REQUIRE(replay.again);  // it is out
  replay.desk.out.clear();
  database.run("UPDATE publications SET status = 'failed'");
  replay.pass();
  CHECK_FALSE(replay.again);
}

TEST_CASE("rows without their post are told once", "[replay]") {
  const TempDir dir;
  Database database{dir / "a.db"};
  database.keep("s:3");
  database.keep_bytes("s:2", "damaged");
  for (const char* id : {"s:1", "s:2", "s:3"}) database.add(id, "hook", "html");
  Replaying replay{dir, "", false};
  replay.desk.is_alone = true;
  CHECK(replay.pass() == Lines{"s:3 hook/html*1"});
  replay.pass();
  CHECK(replay.desk.skips ==
        Lines{"s:1 on hook as html: its post was not kept: an older version recorded it",
              "s:2 on hook as html: its post is damaged"});
  database.run("DELETE FROM publications WHERE post_id = 's:3'");
  replay.desk.out.clear();
  replay.pass();
  CHECK_FALSE(replay.again);  // they do not keep it from ending
}

TEST_CASE("a replay waits for its database, and goes on with another one", "[replay]") {
  const TempDir dir;
  Replaying replay{dir};
  CHECK(replay.source->pull(Time{0}, 1, replay.desk) == Time{1s});
  REQUIRE(replay.desk.errors.size() == 1);
  CHECK_THAT(replay.desk.errors[0], Contains("a.db is not there"));
  {
    Database database{dir / "a.db"};
    database.keep("s:1");
    database.add("s:1", "hook", "html");
    replay.source->pull(Time{1s}, 1, replay.desk);
    CHECK(replay.desk.given.size() == 1);
    CHECK(replay.desk.recoveries == 1);
    std::filesystem::rename(dir / "a.db", dir / "b.db");
    replay.source->pull(Time{2s}, 1, replay.desk);
    REQUIRE(replay.desk.errors.size() == 2);
    CHECK_THAT(replay.desk.errors[1], Contains("was moved, removed or replaced"));
  }
  Database another{dir / "a.db"};
  another.keep("s:2");
  another.add("s:2", "hook", "html");
  replay.source->pull(Time{3s}, 1, replay.desk);
  CHECK(replay.desk.given.size() == 2);
}

TEST_CASE("a database that never comes does not keep an ingestor from its end", "[replay]") {
  const TempDir dir;
  const bool follow = GENERATE(true, false);
  Replaying replay{dir, "", follow};
  const auto last = [&](std::chrono::seconds until) {
    std::optional<Time> again = replay.now;
    for (; again && *again <= until; again = replay.source->pull(*again, 1, replay.desk)) {
      replay.now = *again;
    }
    return again;
  };
  CHECK(last(60s));  // the reporter may start yet: others still have posts
  replay.desk.is_alone = true;
  CHECK(last(100s).has_value() == follow);
}

TEST_CASE("what is read stays bounded however much is waiting", "[replay]") {
  const TempDir dir;
  Database database{dir / "a.db"};
  database.run("BEGIN");
  for (int i = 0; i < 3000; ++i)
    database.add("s:" + std::to_string(i), "hook", "html", {.due = 1h});
  database.add("s:last", "hook", "html");
  database.keep("s:last");
  database.run("COMMIT");
  Replaying replay{dir};
  std::size_t pulls = 0;
  Time now{0};
  for (; replay.desk.given.empty(); ++pulls) {
    const auto again = replay.source->pull(now, 1000, replay.desk);
    REQUIRE(again);
    if (replay.desk.given.empty()) CHECK(*again > now);  // it rests between pages, too
    now = *again;
  }
  CHECK(pulls == 7);
}

TEST_CASE("options of a replay are checked", "[replay]") {
  const TempDir dir;
  const auto refusal = [&](const std::string& uri) -> std::string {
    try {
      make_source(uri, {.base = dir.path(), .hashtags = {}});
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  CHECK(refusal("again=replay:sqlite:a.db?status=failed&target=hook&order=newest") == "");
  CHECK_THAT(refusal("replay:"), Contains("no path"));
  CHECK_THAT(refusal("replay:a.db?status=published"), Contains("status is deferred or failed"));
  CHECK_THAT(refusal("replay:a.db?order=random"), Contains("order is oldest or newest"));
  CHECK_THAT(refusal("replay:a.db?max_attempts=0"), Contains("max_attempts is at least 1"));
  CHECK_THAT(refusal("replay:a.db?max_age=week"), Contains("max_age"));
  CHECK_THAT(refusal("replay:a.db?targets=a"), Contains("target, status, order"));
}
