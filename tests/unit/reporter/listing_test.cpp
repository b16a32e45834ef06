// What `reporter --list` writes.
#include "reporter/store/listing.hpp"

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "tests/catch.hpp"
#include "tests/temp_dir.hpp"
#include "tests/unit/reporter/store_fixture.hpp"

using namespace pullwire;
using namespace pullwire::reporter;
using namespace pullwire::reporter::fixture;
using Catch::Matchers::Contains;
using pullwire::tests::TempDir;

namespace {

std::string listed(const TempDir& dir, Status status) {
  const fs::path out = dir / "list.txt";
  std::FILE* file = std::fopen(out.c_str(), "w");
  REQUIRE(file != nullptr);
  list_publications(dir / "a.db", status, file);
  std::fclose(file);
  return pullwire::tests::read_file(out);
}

Record not_published(Status status, const char* format) {
  Record made = record(status);
  made.publication.format = format;
  made.publication.attempts = 2;
  made.publication.error = "no\tanswer\n\xff";
  if (status == Status::Deferred) made.publication.retry_at = at_second(9);
  return made;
}

}  // namespace

TEST_CASE("what is not published is listed while a store is open", "[store]") {
  const TempDir dir;
  const auto store = make_sqlite_store(dir / "a.db", decode);
  const std::vector<Record> batch{record(), not_published(Status::Deferred, "pdf"),
                                  not_published(Status::Failed, "json"),
                                  not_published(Status::Failed, "text")};
  store->commit(batch);
  const std::string begin = "post_id\ttarget\tformat\tattempts\t";
  CHECK(listed(dir, Status::Deferred) ==
        begin +
            "retry_at\terror\n"
            "file:1\tsite\tpdf\t2\t2026-11-23T12:00:09.000001Z\tno\\tanswer\\n\\xff\n");
  CHECK(listed(dir, Status::Failed) ==
        begin +
            "recorded_at\terror\n"
            "file:1\tsite\tjson\t2\t2026-11-23T12:00:03.000001Z\tno\\tanswer\\n\\xff\n"
            "file:1\tsite\ttext\t2\t2026-11-23T12:00:03.000001Z\tno\\tanswer\\n\\xff\n");
}

TEST_CASE("a list of several pages has each line once", "[store]") {
  const TempDir dir;
  const auto store = make_sqlite_store(dir / "a.db", decode);
  const std::size_t count = GENERATE(0U, 1000U, 2500U);
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < count; ++i) ids.push_back("file:" + std::to_string(i));
  std::vector<Record> batch(count, not_published(Status::Failed, "text"));
  for (std::size_t i = 0; i < count; ++i) batch[i].publication.post_id = ids[i];
  store->commit(batch);
  std::string expected = "post_id\n";
  for (const std::string& id : ids) expected += id + "\n";
  std::string found;
  const std::string list = listed(dir, Status::Failed);
  for (std::size_t at = 0; at < list.size(); at = list.find('\n', at) + 1) {
    found += list.substr(at, list.find('\t', at) - at) + "\n";
  }
  CHECK((found == expected));
}

TEST_CASE("a list that cannot be read or written says so", "[store]") {
  const TempDir dir;
  CHECK_THROWS_WITH(list_publications(dir / "a.db", Status::Failed, stdout),
                    Contains("a.db is not there"));
  const auto store = make_sqlite_store(dir / "a.db", decode);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> full{std::fopen("/dev/full", "w"),
                                                             std::fclose};
  CHECK_THROWS_WITH(list_publications(dir / "a.db", Status::Failed, full.get()),
                    Contains("cannot write the list: No space left"));
}
