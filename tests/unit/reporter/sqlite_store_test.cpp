#include <array>
#include <map>
#include <string>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "reporter/store/sqlite.hpp"
#include "tests/catch.hpp"
#include "tests/child_process.hpp"
#include "tests/temp_dir.hpp"

using namespace pullwire;
using namespace pullwire::reporter;
using Catch::Matchers::Contains;
using pullwire::tests::ChildProcess;
using pullwire::tests::TempDir;

namespace {

namespace fs = std::filesystem;

const Timestamp kNoon = *parse_rfc3339("2026-11-23T12:00:00.000001Z");

Timestamp at_second(int second) {
  return {kNoon.micros + second * 1'000'000};
}

/// The encoded form in these tests: the text alone; "garbage" is none.
bool decode(std::string_view bytes, Post& post) {
  post = {.post_id = "file:1",
          .source = "file",
          .author = "ada",
          .author_name = "Ada Lovelace",
          .created_at = at_second(-60),
          .lang = "en",
          .url = "https://example.org/1",
          .text = bytes,
          .hashtags = {"C", "say\"\\\n", "ü"},
          .media = {},
          .ingested_at = at_second(0)};
  return bytes != "garbage";
}

bool decode_sparse(std::string_view bytes, Post& post) {
  post = {};
  post.post_id = "file:1";
  post.source = "file";
  post.text = bytes;
  return true;
}

Record record(Status status = Status::Published) {
  return {.publication = {.post_id = "file:1",
                          .target = "site",
                          .format = "html",
                          .status = status,
                          .location = {},
                          .error = {},
                          .retry_at = {},
                          .ingested_at = at_second(0),
                          .rendered_at = at_second(1),
                          .published_at = at_second(2),
                          .post = {}},
          .recorded_at = at_second(3)};
}

using Row = std::map<std::string, std::string>;  // "-" stands for NULL

/// What another program sees in the database.
std::vector<Row> query(const fs::path& path, const std::string& sql) {
  const SQLite::Database database{path.string()};
  SQLite::Statement statement{database, sql};
  std::vector<Row> rows;
  while (statement.executeStep()) {
    Row& row = rows.emplace_back();
    for (int i = 0; i < statement.getColumnCount(); ++i) {
      const SQLite::Column column = statement.getColumn(i);
      row[column.getName()] = column.isNull() ? "-" : column.getString();
    }
  }
  return rows;
}

std::size_t count(const fs::path& path) {
  return std::stoul(query(path, "SELECT count(*) AS n FROM publications").at(0).at("n"));
}

std::string failure(Store& store, std::span<const Record> batch) {
  try {
    store.commit(batch);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

/// Publications of numbered posts with texts of 10,000 bytes.
class LargeBatch {
 public:
  explicit LargeBatch(std::size_t size) : ids_(size), text_(10'000, 'x') {
    for (std::size_t i = 0; i < size; ++i) {
      Record& next = records_.emplace_back(record());
      next.publication.post_id = ids_[i] = "file:" + std::to_string(i);
      next.publication.error = text_;
    }
  }
  operator std::span<const Record>() const { return records_; }

 private:
  std::vector<std::string> ids_;
  std::string text_;
  std::vector<Record> records_;
};

}  // namespace

TEST_CASE("a post and its publication are stored with all of their columns", "[store]") {
  const TempDir dir;
  const auto store = make_sqlite_store(dir / "a.db", decode);
  Record stored = record();
  stored.publication.post = "Hello <world>";
  stored.publication.location = "site/1.html";
  stored.publication.attempts = 2;
  store->commit({&stored, 1});

  CHECK(query(dir / "a.db", "SELECT * FROM posts") ==
        std::vector<Row>{{{"post_id", "file:1"},
                          {"source", "file"},
                          {"author", "ada"},
                          {"created_at", "2026-11-23T11:59:00.000001Z"},
                          {"ingested_at", "2026-11-23T12:00:00.000001Z"},
                          {"lang", "en"},
                          {"url", "https://example.org/1"},
                          {"text", "Hello <world>"},
                          {"hashtags", R"(["C","say\"\\\u000a","ü"])"}}});
  CHECK(query(dir / "a.db", "SELECT * FROM publications") ==
        std::vector<Row>{{{"post_id", "file:1"},
                          {"target", "site"},
                          {"format", "html"},
                          {"status", "published"},
                          {"attempts", "2"},
                          {"redelivered", "0"},
                          {"location", "site/1.html"},
                          {"error", "-"},
                          {"retry_at", "-"},
                          {"rendered_at", "2026-11-23T12:00:01.000001Z"},
                          {"published_at", "2026-11-23T12:00:02.000001Z"},
                          {"recorded_at", "2026-11-23T12:00:03.000001Z"}}});
}

TEST_CASE("the hashtags' column is JSON", "[store]") {
  const TempDir dir;
  const auto store = make_sqlite_store(dir / "a.db", decode);
  Record stored = record();
  stored.publication.post = "text";
  store->commit({&stored, 1});
  CHECK(query(dir / "a.db", "SELECT value FROM posts, json_each(hashtags)") ==
        std::vector<Row>{{{"value", "C"}}, {{"value", "say\"\\\n"}}, {{"value", "ü"}}});
}

TEST_CASE("what is not known of a post is NULL", "[store]") {
  const TempDir dir;
  const auto store = make_sqlite_store(dir / "a.db", decode_sparse);
  Record stored = record();
  stored.publication.post = "text";
  store->commit({&stored, 1});
  CHECK(
      query(dir / "a.db", "SELECT author, created_at, lang, url, hashtags FROM posts") ==
      std::vector<Row>{
          {{"author", "-"}, {"created_at", "-"}, {"lang", "-"}, {"url", "-"}, {"hashtags", "[]"}}});
}

TEST_CASE("times read as to_text writes them", "[store]") {
  const TempDir dir;
  const auto store = make_sqlite_store(dir / "a.db", decode);
  for (const std::int64_t micros :
       {std::int64_t{-1}, std::int64_t{1}, std::int64_t{999'999}, std::int64_t{1'000'000},
        std::int64_t{-62'135'596'800'000'000}, std::int64_t{253'402'300'799'999'999}}) {
    CAPTURE(micros);
    Record stored = record();
    const std::string id = "file:" + std::to_string(micros);
    stored.publication.post_id = id;
    stored.publication.published_at = {micros};
    stored.recorded_at = {micros};
    store->commit({&stored, 1});
    CHECK(query(dir / "a.db",
                "SELECT published_at, recorded_at FROM publications WHERE post_id = '" + id +
                    "'") == std::vector<Row>{{{"published_at", to_text(Timestamp{micros})},
                                              {"recorded_at", to_text(Timestamp{micros})}}});
  }
}

TEST_CASE("published is final, anything else gives way to what is later", "[store]") {
  constexpr std::array kStatuses{Status::Published, Status::Failed, Status::Deferred};
  const TempDir dir;
  const auto store = make_sqlite_store(dir / "a.db", decode);
  const auto make = [](Status status, bool redelivered, bool later) {
    Record made = record(status);
    made.publication.redelivered = redelivered;
    made.publication.attempts = later ? 2 : 1;
    if (status == Status::Published) {
      made.publication.location = later ? "later" : "first";
    } else {
      made.publication.error = later ? "later" : "first";
    }
    if (status == Status::Deferred) made.publication.retry_at = at_second(later ? 15 : 5);
    made.publication.rendered_at = at_second(later ? 11 : 1);
    made.publication.published_at = at_second(later ? 12 : 2);
    made.recorded_at = at_second(later ? 13 : 3);
    return made;
  };
  int next_id = 0;
  for (const Status first : kStatuses) {
    for (const Status later : kStatuses) {
      for (const int redelivered : {0, 1, 2, 3}) {
        CAPTURE(to_text(first), to_text(later), redelivered);
        const std::string id = "file:" + std::to_string(++next_id);
        Record pair[] = {make(first, (redelivered & 1) != 0, false),
                         make(later, (redelivered & 2) != 0, true)};
        for (Record& each : pair) each.publication.post_id = id;
        // One commit or two: a batch may hold the same publication twice.
        if (next_id % 2 == 0) {
          store->commit(pair);
        } else {
          for (const Record& each : pair) store->commit({&each, 1});
        }
        const bool gives_way = first != Status::Published;
        const Status status = gives_way ? later : first;
        const std::string which = gives_way ? "later" : "first";
        const bool published = status == Status::Published;
        const auto time = [&](int second) { return to_text(at_second(second + gives_way * 10)); };
        const auto rows =
            query(dir / "a.db", "SELECT * FROM publications WHERE post_id = '" + id + "'");
        CHECK(rows == std::vector<Row>{{{"post_id", id},
                                        {"target", "site"},
                                        {"format", "html"},
                                        {"status", std::string{to_text(status)}},
                                        {"attempts", gives_way ? "2" : "1"},
                                        {"redelivered", redelivered == 0 ? "0" : "1"},
                                        {"location", published ? which : "-"},
                                        {"error", published ? "-" : which},
                                        {"retry_at", status == Status::Deferred ? time(5) : "-"},
                                        {"rendered_at", time(1)},
                                        {"published_at", published ? time(2) : "-"},
                                        {"recorded_at", to_text(at_second(3))}}});
      }
    }
  }
  CHECK(next_id == 36);
}

TEST_CASE("a repeat of what was published is counted by whether any record was flagged",
          "[store]") {
  const TempDir dir;
  const auto store = make_sqlite_store(dir / "a.db", decode);
  Record first = record();
  Record again = record();
  const auto repeats = [&](bool first_flagged, bool again_flagged) {
    first.publication.redelivered = first_flagged;
    again.publication.redelivered = again_flagged;
    CHECK(store->commit({&first, 1}).flagged == 0);
    const Repeats seen = store->commit({&again, 1});
    CHECK(seen.flagged + seen.unflagged == 1);
    return seen;
  };
  first.publication.post_id = again.publication.post_id = "file:2";
  CHECK(repeats(false, false).unflagged == 1);
  first.publication.post_id = again.publication.post_id = "file:3";
  CHECK(repeats(false, true).flagged == 1);
  first.publication.post_id = again.publication.post_id = "file:4";
  CHECK(repeats(true, false).flagged == 1);
  // What had not been published may come again by itself: from a replay.
  first = record(Status::Deferred);
  const Repeats replayed = (store->commit({&first, 1}), store->commit({&first, 1}));
  CHECK(replayed.flagged + replayed.unflagged == 0);
  // Both in one batch.
  Record twice[] = {record(), record()};
  for (Record& each : twice) each.publication.post_id = "file:5";
  CHECK(store->commit(twice).unflagged == 1);
}

TEST_CASE("a publication is one of its post, target and format", "[store]") {
  const TempDir dir;
  const auto store = make_sqlite_store(dir / "a.db", decode);
  std::vector<Record> batch(4, record());
  batch[1].publication.post_id = "file:2";
  batch[2].publication.target = "blog";
  batch[3].publication.format = "text";
  store->commit(batch);
  CHECK(count(dir / "a.db") == 4);
}

TEST_CASE("a post keeps its first form", "[store]") {
  const TempDir dir;
  const auto store = make_sqlite_store(dir / "a.db", decode);
  for (const char* text : {"first", "edited"}) {
    Record stored = record();
    stored.publication.post = text;
    store->commit({&stored, 1});
  }
  CHECK(query(dir / "a.db", "SELECT text FROM posts") == std::vector<Row>{{{"text", "first"}}});
}

TEST_CASE("a publication that was not rendered has no time of it", "[store]") {
  const TempDir dir;
  const auto store = make_sqlite_store(dir / "a.db", decode);
  Record stored = record(Status::Failed);
  stored.publication.rendered_at = {};
  store->commit({&stored, 1});
  CHECK(query(dir / "a.db", "SELECT rendered_at FROM publications").at(0).at("rendered_at") == "-");
}

TEST_CASE("a batch with a post that cannot be decoded is not stored at all", "[store]") {
  const TempDir dir;
  const auto store = make_sqlite_store(dir / "a.db", decode);
  std::vector<Record> batch(3, record());
  batch[1].publication.post_id = "file:2";
  batch[2].publication.post_id = "file:3";
  batch[2].publication.post = "garbage";
  CHECK_THAT(failure(*store, batch), Contains("post file:3 cannot be decoded"));
  CHECK(count(dir / "a.db") == 0);
  batch[2].publication.post = "text";
  store->commit(batch);
  CHECK(count(dir / "a.db") == 3);
}

TEST_CASE("a batch is stored when another program's lock is gone", "[store]") {
  const TempDir dir;
  const auto store = make_sqlite_store(dir / "a.db", decode);
  SQLite::Database other{(dir / "a.db").string(), SQLite::OPEN_READWRITE};
  other.exec("BEGIN IMMEDIATE");
  const Record stored = record();
  CHECK_THAT(failure(*store, {&stored, 1}), Contains("a.db: database is locked"));
  CHECK(count(dir / "a.db") == 0);
  other.exec("ROLLBACK");
  store->commit({&stored, 1});
  CHECK(count(dir / "a.db") == 1);
}

TEST_CASE("a batch is stored whole after a write that failed midway", "[store]") {
  const TempDir dir;
  const auto store = make_sqlite_store(dir / "a.db", decode);
  const LargeBatch batch{200};
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto previous = ::signal(SIGXFSZ, SIG_IGN);
  rlimit tight = before;
  tight.rlim_cur = 1'000'000;  // half of what the batch needs
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &tight) == 0);
  const std::string error = failure(*store, batch);
  const std::string again = failure(*store, batch);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  ::signal(SIGXFSZ, previous);
  CHECK_THAT(error, Contains("a.db: disk I/O error"));
  CHECK_THAT(again, Contains("a.db: disk I/O error"));
  CHECK(count(dir / "a.db") == 0);
  store->commit(batch);
  CHECK(count(dir / "a.db") == 200);
  CHECK(query(dir / "a.db", "PRAGMA integrity_check").at(0).at("integrity_check") == "ok");
}

TEST_CASE("a batch is stored when a full disk has room again", "[store]") {
  const TempDir dir;
  // A small disk needs a name space of its own, in a process of its own.
  ChildProcess child{[&](auto say) {
    if ((::unshare(CLONE_NEWNS) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", dir.path().c_str(), "tmpfs", 0, "size=4m") != 0) {
      say("no disk");
      return;
    }
    const auto store = make_sqlite_store(dir / "a.db", decode);
    fs::path ballast = dir / "ballast";
    std::FILE* file = std::fopen(ballast.c_str(), "w");
    const std::string block(100'000, 'x');
    for (int i = 0; i < 33; ++i) std::fwrite(block.data(), 1, block.size(), file);
    std::fclose(file);
    const LargeBatch batch{100};
    say(failure(*store, batch));
    say(", " + std::to_string(count(dir / "a.db")) + " stored, ");
    fs::remove(ballast);
    say(failure(*store, batch));
    say(std::to_string(count(dir / "a.db")) + " stored");
  }};
  const std::string heard = child.hear_all();
  if (heard == "no disk") {
    WARN("not run: this user may not mount a small disk");
    return;
  }
  CHECK_THAT(heard, Contains("a.db: database or disk is full, 0 stored, 100 stored"));
}

TEST_CASE("what a commit returned for survives a kill, and no batch is stored by halves",
          "[store]") {
  constexpr std::size_t kBatch = 50;
  const TempDir dir;
  for (const std::size_t acks_before_kill : {1u, 20u, 60u}) {
    const fs::path path = dir / ("after" + std::to_string(acks_before_kill) + ".db");
    ChildProcess child{[&](auto say) {
      const auto store = make_sqlite_store(path, decode);
      std::vector<std::string> ids(kBatch);
      std::vector<Record> batch(kBatch, record());
      for (std::size_t done = 0;; done += kBatch) {
        for (std::size_t i = 0; i < kBatch; ++i) {
          ids[i] = "file:" + std::to_string(done + i);
          batch[i].publication.post_id = ids[i];
        }
        store->commit(batch);
        say("x");
      }
    }};
    std::size_t acked = 0;
    while (acked < acks_before_kill) {
      const std::size_t heard = child.hear().size();
      REQUIRE(heard > 0);
      acked += heard;
    }
    child.kill();
    acked += child.hear_all().size();

    const auto reopened = make_sqlite_store(path, decode);
    CHECK(count(path) >= acked * kBatch);
    CHECK(count(path) % kBatch == 0);
  }
}

TEST_CASE("a second reporter on the same database is refused", "[store]") {
  const TempDir dir;
  const auto store = make_sqlite_store(dir / "a.db", decode);
  ChildProcess second{[&](auto) { make_sqlite_store(dir / "a.db", decode); }};
  CHECK_THAT(second.hear_all(), Contains("a.db is in use by process"));
}

TEST_CASE("a database whose tables were changed by hand is refused", "[store]") {
  const TempDir dir;
  make_sqlite_store(dir / "a.db", decode);
  SQLite::Database{(dir / "a.db").string(), SQLite::OPEN_READWRITE}.exec("DROP TABLE posts");
  CHECK_THROWS_WITH(make_sqlite_store(dir / "a.db", decode),
                    Contains("a.db") && Contains("no such table: posts"));
}
