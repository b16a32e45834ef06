#include "common/ops/sqlite.hpp"

#include <array>
#include <fstream>
#include <optional>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/catch.hpp"
#include "tests/child_process.hpp"
#include "tests/temp_dir.hpp"

using namespace pullwire;
using Catch::Matchers::Contains;
using pullwire::tests::ChildProcess;
using pullwire::tests::TempDir;

namespace {

namespace fs = std::filesystem;

constexpr Application kOurs{.id = 7,
                            .schema_version = 2,
                            .create_sql = "CREATE TABLE things (name TEXT)",
                            .cache_kib = 1024};

HeldDatabase open(const fs::path& path) {
  return open_database(path, kOurs);
}

/// What opening `path` is refused with; "" if it isn't.
std::string refusal(const fs::path& path, const Application& application = kOurs) {
  try {
    open_database(path, application);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

std::string reading_refusal(const fs::path& path, const Application& application = kOurs) {
  try {
    open_for_reading(path, application);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

void run_sql(const fs::path& path, const char* sql) {
  SQLite::Database{path.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE}.exec(sql);
}

std::string bytes(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// Root may write everything; the tests of permissions are run as nobody.
class WithoutPrivileges {
 public:
  WithoutPrivileges() {
    if (::geteuid() == 0 && ::seteuid(65534) != 0) throw std::runtime_error("seteuid");
  }
  WithoutPrivileges(const WithoutPrivileges&) = delete;
  WithoutPrivileges& operator=(const WithoutPrivileges&) = delete;
  ~WithoutPrivileges() {
    if (::getuid() == 0 && ::seteuid(0) != 0) ::abort();
  }
};

}  // namespace

TEST_CASE("a new database is made with its tables and opened again", "[sqlite]") {
  const TempDir dir;
  const fs::path path = dir / "new.db";
  open(path).connection.exec("INSERT INTO things VALUES ('kept')");
  auto again = open(path);
  CHECK(again.connection.execAndGet("SELECT name FROM things").getString() == "kept");
  CHECK(again.connection.execAndGet("PRAGMA application_id").getInt() == 7);
  CHECK(again.connection.execAndGet("PRAGMA user_version").getInt() == 2);
}

TEST_CASE("an empty file becomes a database", "[sqlite]") {
  const TempDir dir;
  std::ofstream{dir / "empty.db"};
  CHECK(refusal(dir / "empty.db").empty());
}

TEST_CASE("commits are written through to the disk", "[sqlite]") {
  const TempDir dir;
  auto held = open(dir / "new.db");
  CHECK(held.connection.execAndGet("PRAGMA journal_mode").getString() == "wal");
  CHECK(held.connection.execAndGet("PRAGMA synchronous").getInt() == 2);
  CHECK(held.connection.execAndGet("PRAGMA page_size").getInt() == 8192);
  CHECK(held.connection.execAndGet("PRAGMA wal_autocheckpoint").getInt() == 4000);
  CHECK(held.connection.execAndGet("PRAGMA trusted_schema").getInt() == 0);
}

TEST_CASE("a closed database leaves one file", "[sqlite]") {
  const TempDir dir;
  open(dir / "new.db");
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator{dir.path()}) ++files;
  CHECK(files == 1);
}

TEST_CASE("a name that SQLite takes for a special one is a file", "[sqlite]") {
  const TempDir dir;
  const fs::path before = fs::current_path();
  fs::current_path(dir.path());
  open(":memory:").connection.exec("INSERT INTO things VALUES ('kept')");
  open("file:x?mode=memory");
  fs::current_path(before);
  CHECK(fs::exists(dir / ":memory:"));
  CHECK(fs::exists(dir / "file:x?mode=memory"));
}

TEST_CASE("a place where no database can be is refused by name", "[sqlite]") {
  const TempDir dir;
  CHECK_THAT(refusal(dir / "no/such.db"),
             Contains((dir / "no/such.db").string()) &&
                 Contains("there is no directory " + (dir / "no").string()));
  CHECK_THAT(refusal(dir.path()), Contains(dir.path().string() + " is a directory"));
  CHECK_THAT(refusal(""), Contains("no name"));
  REQUIRE(::mkfifo((dir / "fifo").c_str(), 0600) == 0);
  CHECK_THAT(refusal(dir / "fifo"), Contains("fifo is no regular file"));
}

TEST_CASE("what is no database is refused and left alone", "[sqlite]") {
  const TempDir dir;
  const fs::path path = dir / "letter.txt";
  for (const std::size_t size : {std::size_t{1}, std::size_t{99}, std::size_t{20'000}}) {
    const std::string letter(size, 'x');
    CAPTURE(size);
    std::ofstream{path} << letter;
    CHECK_THAT(refusal(path), Contains(path.string() + " is no SQLite database"));
    CHECK((bytes(path) == letter));
  }
}

TEST_CASE("another program's database is refused and left alone", "[sqlite]") {
  const TempDir dir;
  const fs::path path = dir / "theirs.db";
  const char* sql = GENERATE("CREATE TABLE theirs (x)", "PRAGMA application_id=8",
                             "CREATE TABLE theirs (x); PRAGMA application_id=8",
                             "CREATE TABLE things (name TEXT)");
  run_sql(path, sql);
  const std::string before = bytes(path);
  CHECK_THAT(refusal(path), Contains(path.string() + " is another program's"));
  CHECK((bytes(path) == before));
  CHECK_FALSE(fs::exists(dir / "theirs.db.lock"));
}

TEST_CASE("a newer schema version is refused", "[sqlite]") {
  const TempDir dir;
  Application newer = kOurs;
  newer.schema_version = 3;
  REQUIRE(refusal(dir / "a.db", newer).empty());
  CHECK_THAT(refusal(dir / "a.db"), Contains("has schema version 3, this program knows 2"));
}

TEST_CASE("an older schema version is brought up to date, all of it or nothing", "[sqlite]") {
  static constexpr std::array kSteps{"ALTER TABLE things ADD COLUMN size",
                                     "ALTER TABLE things ADD COLUMN colour"};
  static constexpr std::array kBroken{"ALTER TABLE things ADD COLUMN size", "no SQL"};
  const TempDir dir;
  const fs::path path = dir / "a.db";
  open(path).connection.exec("INSERT INTO things VALUES ('kept')");
  Application newer = kOurs;
  newer.schema_version = 4;
  newer.upgrades = kBroken;
  CHECK_THAT(refusal(path, newer), Contains("syntax error"));
  CHECK(open(path).connection.execAndGet("PRAGMA user_version").getInt() == 2);

  newer.upgrades = kSteps;
  {
    auto upgraded = open_database(path, newer);
    CHECK(upgraded.connection.execAndGet("PRAGMA user_version").getInt() == 4);
    CHECK(upgraded.connection
              .execAndGet("SELECT count(*) FROM things WHERE name = 'kept' AND "
                          "size IS NULL AND colour IS NULL")
              .getInt() == 1);
  }
  CHECK(refusal(path, newer).empty());
  newer.schema_version = 7;  // the steps begin at 5 then
  CHECK_THAT(refusal(path, newer), Contains("has schema version 4, this program knows 7"));
}

TEST_CASE("who reads takes no lock, and sees what is committed", "[sqlite]") {
  const TempDir dir;
  const fs::path path = dir / "a.db";
  CHECK_THAT(reading_refusal(path), Contains("a.db is not there"));
  auto held = open(path);
  auto reading = open_for_reading(path, kOurs);
  held.connection.exec("BEGIN IMMEDIATE; INSERT INTO things VALUES ('one')");
  CHECK(reading.execAndGet("SELECT count(*) FROM things").getInt() == 0);
  held.connection.exec("COMMIT");
  CHECK(reading.execAndGet("SELECT count(*) FROM things").getInt() == 1);
  CHECK_THROWS(reading.exec("INSERT INTO things VALUES ('two')"));
  Application other = kOurs;
  other.schema_version = 3;
  other.upgrades = {};
  CHECK_THAT(reading_refusal(path, other), Contains("has schema version 2"));
  static constexpr std::array kStep{"SELECT 1"};
  other.upgrades = kStep;
  CHECK_THAT(reading_refusal(path, other), Contains("was made by an older version"));
}

TEST_CASE("a database that may not be written is refused", "[sqlite]") {
  const TempDir dir;
  fs::permissions(dir.path(), fs::perms::all);
  const fs::path path = dir / "a.db";
  REQUIRE(refusal(path).empty());
  fs::permissions(path, fs::perms::owner_read | fs::perms::others_read);
  {
    const WithoutPrivileges nobody;
    CHECK_THAT(refusal(path), Contains(path.string() + " cannot be opened for writing"));
  }
  fs::permissions(dir.path(), fs::perms::owner_read | fs::perms::owner_exec |
                                  fs::perms::others_read | fs::perms::others_exec);
  {
    const WithoutPrivileges nobody;
    CHECK_THAT(refusal(path), Contains("Permission denied"));
  }
  fs::permissions(dir.path(), fs::perms::owner_all);
}

TEST_CASE("a second process is refused and told who holds the database", "[sqlite]") {
  const TempDir dir;
  const fs::path path = dir / "a.db";
  auto held = open(path);
  ChildProcess second{[&](auto say) { say(refusal(path)); }};
  CHECK_THAT(second.hear_all(), Contains(path.string() + " is in use by process " +
                                         std::to_string(::getpid()) + " (unit_tests)"));
}

TEST_CASE("a database is held under all of its names", "[sqlite]") {
  const TempDir dir;
  auto held = open(dir / "a.db");
  fs::create_symlink(dir / "a.db", dir / "link.db");
  CHECK_THAT(refusal(dir / "link.db"), Contains("link.db is in use by process"));
}

TEST_CASE("the lock of a killed process is gone with it", "[sqlite]") {
  const TempDir dir;
  const fs::path path = dir / "a.db";
  ChildProcess first{[&](auto say) {
    auto held = open(path);
    held.connection.exec("INSERT INTO things VALUES ('kept')");
    say("open");
    ::pause();
  }};
  REQUIRE(first.hear() == "open");
  CHECK_THAT(refusal(path), Contains("process " + std::to_string(first.id())));
  first.kill();
  auto held = open(path);
  CHECK(held.connection.execAndGet("SELECT name FROM things").getString() == "kept");
}

TEST_CASE("a lock file from a crash does not keep anyone out", "[sqlite]") {
  const TempDir dir;
  std::ofstream{dir / "a.db.lock"} << "1 (reporter)";
  CHECK(refusal(dir / "a.db").empty());
}

TEST_CASE("who lost its folder leaves the lock of the next one there", "[sqlite]") {
  const TempDir dir;
  const fs::path folder = dir / "folder";
  fs::create_directory(folder);
  std::optional<HeldDatabase> first{open(folder / "a.db")};
  fs::rename(folder, dir / "elsewhere");
  CHECK_THROWS_WITH(first->files.check_in_place(),
                    Contains((folder / "a.db").string() + " was moved, removed or replaced"));
  fs::create_directory(folder);
  auto next = open(folder / "a.db");
  first.reset();
  CHECK_THAT(refusal(folder / "a.db"), Contains("is in use by process"));
  CHECK_NOTHROW(next.files.check_in_place());
}
