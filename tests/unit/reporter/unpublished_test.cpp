// The posts that are kept for a replay, and databases from before there were any.
#include <array>
#include <string>
#include <vector>

#include "common/ops/report_database.hpp"
#include "tests/catch.hpp"
#include "tests/temp_dir.hpp"
#include "tests/unit/reporter/store_fixture.hpp"

using namespace pullwire;
using namespace pullwire::reporter;
using namespace pullwire::reporter::fixture;
using pullwire::tests::TempDir;

namespace {

/// As schema version 1 made it.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE posts (
  post_id      TEXT NOT NULL PRIMARY KEY,
  source       TEXT NOT NULL,
  author       TEXT,
  created_at   TEXT,
  ingested_at  TEXT NOT NULL,
  lang         TEXT,
  url          TEXT,
  text         TEXT NOT NULL,
  hashtags     TEXT NOT NULL  -- JSON array of strings, without #
);
CREATE TABLE publications (
  post_id      TEXT NOT NULL,
  target       TEXT NOT NULL,
  format       TEXT NOT NULL,
  status       TEXT NOT NULL,  -- published, failed, deferred
  attempts     INTEGER NOT NULL,
  redelivered  INTEGER NOT NULL,  -- 0, 1
  location     TEXT,
  error        TEXT,
  retry_at     TEXT,
  rendered_at  TEXT,
  published_at TEXT,
  recorded_at  TEXT NOT NULL,
  PRIMARY KEY (post_id, target, format)
);
PRAGMA application_id=1886868048;
PRAGMA user_version=1;
INSERT INTO posts VALUES ('file:1', 'file', NULL, NULL, '2026-11-23T12:00:00.000001Z', NULL, NULL,
                          'text', '[]');
INSERT INTO publications VALUES ('file:1', 'site', 'html', 'deferred', 2, 0, NULL, 'no answer',
  '2026-11-23T12:00:09.000001Z', NULL, NULL, '2026-11-23T12:00:03.000001Z');
)sql";

struct Fixture {
  void commit(Status status, const char* format = "html", const char* post = "text") {
    Record stored = record(status);
    stored.publication.format = format;
    stored.publication.post = post;
    store->commit({&stored, 1});
  }
  [[nodiscard]] std::vector<std::string> kept() const {
    std::vector<std::string> posts;
    for (const Row& row :
         query(path, "SELECT post_id, CAST(post AS TEXT) AS post FROM unpublished"))
      posts.push_back(row.at("post_id") + "=" + row.at("post"));
    return posts;
  }

  TempDir dir;
  fs::path path = dir / "a.db";
  std::unique_ptr<Store> store = make_sqlite_store(path, decode);
};

using Kept = std::vector<std::string>;

}  // namespace

TEST_CASE("the post of what is not published is kept until all of it is", "[store]") {
  Fixture f;
  f.commit(Status::Published, "text");
  CHECK(f.kept().empty());
  const Status not_yet = GENERATE(Status::Deferred, Status::Failed);
  f.commit(not_yet, "html", "first");
  f.commit(not_yet, "pdf", "replayed");
  CHECK(f.kept() == Kept{"file:1=first"});
  f.commit(Status::Deferred, "html", "replayed");
  f.commit(Status::Failed, "html", "replayed");
  CHECK(f.kept() == Kept{"file:1=first"});
  f.commit(Status::Published, "html", "replayed");
  CHECK(f.kept() == Kept{"file:1=first"});
  f.commit(Status::Published, "pdf", "");
  CHECK(f.kept().empty());
}

TEST_CASE("what is published already keeps no post", "[store]") {
  Fixture f;
  f.commit(Status::Published);
  f.commit(Status::Deferred);
  f.commit(Status::Failed);
  CHECK(f.kept().empty());
}

TEST_CASE("a post is kept with the transaction that needs it", "[store]") {
  Fixture f;
  std::array batch{record(Status::Deferred), record(Status::Failed)};
  batch[0].publication.post = "text";
  batch[1].publication.format = "pdf";
  batch[1].publication.post = "garbage";  // no post: nothing of the batch is stored
  CHECK_THROWS(f.store->commit(batch));
  CHECK(f.kept().empty());
  CHECK(count(f.path) == 0);
}

TEST_CASE("a database of schema version 1 is brought up to date", "[store]") {
  const TempDir dir;
  const fs::path path = dir / "old.db";
  SQLite::Database{path.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE}.exec(kVersion1);
  const fs::path fresh = dir / "new.db";
  make_sqlite_store(fresh, decode);
  const auto store = make_sqlite_store(path, decode);
  CHECK(query(path, "PRAGMA user_version") == std::vector<Row>{{{"user_version", "2"}}});
  const char* schema = "SELECT type, name, tbl_name FROM sqlite_schema ORDER BY name";
  CHECK(query(path, schema) == query(fresh, schema));

  Record stored = record(Status::Deferred);
  stored.publication.attempts = 3;
  stored.publication.post = "text";
  store->commit({&stored, 1});
  CHECK(query(path, "SELECT attempts, error FROM publications") ==
        std::vector<Row>{{{"attempts", "3"}, {"error", "-"}}});
  CHECK(query(path, "SELECT CAST(post AS TEXT) AS post FROM unpublished") ==
        std::vector<Row>{{{"post", "text"}}});
}
