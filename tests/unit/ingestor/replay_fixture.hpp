// The reporter's database as a replay finds it, and what it brings of that.
#pragma once

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
#include "ingestor/sources/replay.hpp"
#include "tests/catch.hpp"
#include "tests/temp_dir.hpp"
#include "tests/unit/ingestor/recorder.hpp"

namespace pullwire::ingestor::replays {

using pullwire::tests::TempDir;
using namespace std::chrono_literals;

constexpr const char* kTables = R"sql(
CREATE TABLE publications (
  post_id TEXT NOT NULL, target TEXT NOT NULL, format TEXT NOT NULL, status TEXT NOT NULL,
  attempts INTEGER NOT NULL, error TEXT, retry_at TEXT, published_at TEXT,
  PRIMARY KEY (post_id, target, format)
);
)sql";

inline std::string text_in(std::chrono::seconds from_now) {
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

}  // namespace pullwire::ingestor::replays
