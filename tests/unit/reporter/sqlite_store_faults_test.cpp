// What becomes of a batch when the disk, another program or a kill is in its way.
#include <csignal>
#include <cstdint>
#include <string>
#include <vector>

#include <sys/resource.h>

#include "tests/catch.hpp"
#include "tests/child_process.hpp"
#include "tests/small_disk.hpp"
#include "tests/temp_dir.hpp"
#include "tests/unit/reporter/store_fixture.hpp"

using namespace pullwire;
using namespace pullwire::reporter;
using namespace pullwire::reporter::fixture;
using Catch::Matchers::Contains;
using pullwire::tests::ChildProcess;
using pullwire::tests::SmallDisk;
using pullwire::tests::TempDir;

namespace {

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
  CHECK_THAT(failure(*store, {&stored, 1}), Contains("a.db is locked by another program"));
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
  CHECK_THAT(error, Contains("a.db cannot be written or read (disk I/O error)"));
  CHECK_THAT(again, Contains("a.db cannot be written or read (disk I/O error)"));
  CHECK(count(dir / "a.db") == 0);
  store->commit(batch);
  CHECK(count(dir / "a.db") == 200);
  CHECK(query(dir / "a.db", "PRAGMA integrity_check").at(0).at("integrity_check") == "ok");
}

TEST_CASE("a batch is stored when a full disk has room again", "[store]") {
  const TempDir dir;
  // A small disk needs a name space of its own, in a process of its own.
  ChildProcess child{[&](auto say) {
    const auto disk = SmallDisk::mount(dir / "disk", 4);
    if (!disk) return say("no disk");
    const fs::path path = dir / "disk/a.db";
    const auto store = make_sqlite_store(path, decode);
    disk->fill();
    const LargeBatch batch{100};
    say(failure(*store, batch));
    say(", " + std::to_string(count(path)) + " stored, ");
    disk->make_room();
    say(failure(*store, batch));
    say(std::to_string(count(path)) + " stored");
  }};
  const std::string heard = child.hear_all();
  if (heard == "no disk") {
    WARN("not run: this user may not mount a small disk");
    return;
  }
  CHECK_THAT(heard,
             Contains("a.db cannot be written: the disk is full; make room, 0 stored, 100 stored"));
}

TEST_CASE("a batch is not stored while its file is away, and once when it is back", "[store]") {
  const TempDir dir;
  const auto store = make_sqlite_store(dir / "a.db", decode);
  const Record first = record();
  store->commit({&first, 1});
  Record stored = record();
  stored.publication.post_id = "file:2";
  const fs::path away = dir / GENERATE("a.db", "a.db-wal", "a.db-shm");
  fs::rename(away, dir / "elsewhere");
  const auto gone = Contains(away.string() + " was moved, removed or replaced; put it back, or");
  CHECK_THAT(failure(*store, {&stored, 1}), gone);
  tests::write_file(away, "another");
  CHECK_THAT(failure(*store, {&stored, 1}), gone);
  fs::rename(dir / "elsewhere", away);
  const Repeats repeats = store->commit({&stored, 1});
  CHECK(repeats.flagged + repeats.unflagged == 0);
  CHECK(count(dir / "a.db") == 2);
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
