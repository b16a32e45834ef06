#include "reporter/store/make_store.hpp"

#include <string>

#include "reporter/store/none.hpp"
#include "tests/catch.hpp"
#include "tests/temp_dir.hpp"

using namespace pullwire;
using namespace pullwire::reporter;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

bool decode_nothing(std::string_view, Post&) {
  return false;
}

std::filesystem::path sqlite_path(std::string_view uri) {
  return std::get<SqliteUri>(parse_store_uri(uri, "/base")).path;
}
std::chrono::nanoseconds commit_time(std::string_view uri) {
  return std::get<NoneUri>(parse_store_uri(uri, "/base")).commit_time;
}

}  // namespace

TEST_CASE("a database's path is relative to where it was written", "[uri]") {
  CHECK(sqlite_path("sqlite:reports.db") == "/base/reports.db");
  CHECK(sqlite_path("sqlite:/var/reports.db") == "/var/reports.db");
  CHECK(sqlite_path("sqlite:100%25.db?x") == "/base/100%25.db?x");
}

TEST_CASE("a simulated commit takes what the URI says", "[uri]") {
  CHECK(commit_time("none:") == 0ns);
  CHECK(commit_time("none:?commit_ms=0") == 0ns);
  CHECK(commit_time("none:?commit_ms=5") == 5ms);
  CHECK(commit_time("none:?commit_ms=0.25") == 250us);
  CHECK(commit_time("none:?commit_ms=60000") == 60s);
}

TEST_CASE("what is no database is refused with what there is", "[uri]") {
  for (const std::string uri :
       {"", "reports.db", "postgresql://host/db", "SQLITE:a", "sqlite", "sqlite:", "none", "none:x",
        "none:?commit_ms=", "none:?commit_ms=-1", "none:?commit_ms=nan", "none:?commit_ms=inf",
        "none:?commit_ms=60001", "none:?commit_ms=1e5", "none:?commit_ms=1&x=2",
        "none:?cost_ms=1"}) {
    CAPTURE(uri);
    CHECK_THROWS_AS(parse_store_uri(uri, "/base"), std::invalid_argument);
  }
  CHECK_THROWS_WITH(parse_store_uri("postgresql://host/db", "/base"),
                    Contains("\"postgresql://host/db\"") && Contains("sqlite:PATH") &&
                        Contains("none:?commit_ms=C"));
}

TEST_CASE("a URI is read without touching a file, and made into its store later", "[uri]") {
  const tests::TempDir dir;
  const StoreUri uri = parse_store_uri("sqlite:a.db", dir.path());
  CHECK_FALSE(std::filesystem::exists(dir / "a.db"));
  const auto store = make_store(uri, decode_nothing);
  CHECK(std::filesystem::exists(dir / "a.db"));
  CHECK(dynamic_cast<NoneStore*>(make_store(NoneUri{}, decode_nothing).get()) != nullptr);
}
