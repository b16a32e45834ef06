#include "ingestor/state.hpp"

#include <string>

#include <SQLiteCpp/SQLiteCpp.h>

#include "tests/catch.hpp"
#include "tests/child_process.hpp"
#include "tests/temp_dir.hpp"

using namespace pullwire;
using namespace pullwire::ingestor;
using Catch::Matchers::Contains;
using pullwire::tests::ChildProcess;
using pullwire::tests::TempDir;

namespace {

std::vector<SeenKey> keys(int first, int last) {
  std::vector<SeenKey> made;
  for (int i = first; i <= last; ++i) made.push_back(seen_key("post:" + std::to_string(i)));
  return made;
}

void save(State& state, const std::string& source, const std::string& cursor,
          std::vector<SeenKey> seen = {}, const std::string& settled = "") {
  const SourceChange change{source, cursor, settled, std::move(seen)};
  state.save({&change, 1});
}

std::int64_t seen_rows(const std::filesystem::path& path) {
  return SQLite::Database{path.string()}.execAndGet("SELECT count(*) FROM seen").getInt64();
}

}  // namespace

TEST_CASE("cursors and settled numbers are there after a restart", "[state]") {
  const TempDir dir;
  {
    State state{dir / "a.db", 10};
    CHECK(state.sources().empty());
    const SourceChange both[] = {{"file", "100", "", {}}, {"simulated", "7", "9-12", {}}};
    state.save(both);
    save(state, "file", "200");
  }
  State state{dir / "a.db", 10};
  const auto sources = state.sources();
  REQUIRE(sources.size() == 2);
  CHECK(sources.at("file").cursor == "200");
  CHECK(sources.at("file").settled.empty());
  CHECK(sources.at("simulated").cursor == "7");
  CHECK(sources.at("simulated").settled == "9-12");
}

TEST_CASE("seen posts come back oldest first, each source its own", "[state]") {
  const TempDir dir;
  {
    State state{dir / "a.db", 100};
    save(state, "a", "", keys(1, 3));
    save(state, "b", "", keys(4, 5));
    save(state, "a", "", keys(6, 7));
  }
  State state{dir / "a.db", 100};
  auto expected = keys(1, 3);
  for (const SeenKey& key : keys(6, 7)) expected.push_back(key);
  CHECK(state.seen("a") == expected);
  CHECK(state.seen("b") == keys(4, 5));
  CHECK(state.seen("c").empty());
}

TEST_CASE("of the seen posts the newest are kept, per source", "[state]") {
  const TempDir dir;
  {
    State state{dir / "a.db", 10};
    save(state, "slow", "", keys(1, 4));
    for (int i = 0; i < 50; ++i) save(state, "fast", "", keys(3 * i, 3 * i + 2));
    CHECK(state.seen("fast") == keys(140, 149));
  }
  CHECK(seen_rows(dir / "a.db") == 1 + 4);
  State state{dir / "a.db", 10};
  CHECK(state.seen("fast") == keys(140, 149));
  CHECK(state.seen("slow") == keys(1, 4));
}

TEST_CASE("more seen posts than are kept can come at once", "[state]") {
  const TempDir dir;
  State state{dir / "a.db", 5000};
  save(state, "a", "", keys(1, 20'000));
  CHECK(state.seen("a") == keys(15'001, 20'000));
  CHECK(seen_rows(dir / "a.db") == 2);
}

TEST_CASE("a smaller seen_keep is reached in steps", "[state]") {
  const TempDir dir;
  {
    State state{dir / "a.db", 1'000'000};
    save(state, "a", "", std::vector<SeenKey>(200'000));
    CHECK(seen_rows(dir / "a.db") == 49);
  }
  State state{dir / "a.db", 1000};
  CHECK(state.seen("a").size() == 1000);
  std::vector<std::int64_t> rows;
  for (int i = 0; i < 3; ++i) {
    save(state, "a", "");
    rows.push_back(seen_rows(dir / "a.db"));
  }
  CHECK(rows == std::vector<std::int64_t>{33, 17, 1});  // 16 whole rows a step
}

TEST_CASE("what a run that did not end cleanly may have sent is known", "[state]") {
  const TempDir dir;
  const auto begin = [&](std::size_t most) { return State{dir / "a.db", 10}.begin(most); };
  CHECK(begin(100) == 0);
  CHECK(begin(70) == 100);  // and killed again: of those 100 some may be left
  {
    State state{dir / "a.db", 10};
    CHECK(state.begin(200) == 100);
    state.end(30);
  }
  {
    State state{dir / "a.db", 10};
    CHECK(state.begin(50) == 30);
    state.end(0);
  }
  CHECK(begin(50) == 0);
}

TEST_CASE("a run that never began leaves the last one's mark", "[state]") {
  const TempDir dir;
  CHECK(State{dir / "a.db", 10}.begin(5) == 0);
  { State state{dir / "a.db", 10}; }
  CHECK(State{dir / "a.db", 10}.begin(5) == 5);
}

TEST_CASE("what cannot be saved can be saved again", "[state]") {
  const TempDir dir;
  {
    State state{dir / "a.db", 3};
    save(state, "a", "1", keys(1, 1));
    SQLite::Database other{(dir / "a.db").string(), SQLite::OPEN_READWRITE};
    other.exec("BEGIN IMMEDIATE");
    CHECK_THROWS_WITH(save(state, "a", "2", keys(2, 2)),
                      Contains("a.db is locked by another program"));
    CHECK_THROWS_WITH(save(state, "b", "2", keys(2, 2)),
                      Contains("a.db is locked by another program"));
    other.exec("ROLLBACK");
    CHECK(state.sources().at("a").cursor == "1");
    save(state, "a", "2", keys(2, 2));
    save(state, "b", "2", keys(2, 2));
    CHECK(state.seen("a") == keys(1, 2));
  }
  State state{dir / "a.db", 3};
  CHECK(state.sources().at("a").cursor == "2");
  CHECK(state.seen("a") == keys(1, 2));
  CHECK(state.seen("b") == keys(2, 2));
}

TEST_CASE("nothing counts as saved while the file is away", "[state]") {
  const TempDir dir;
  const auto gone = Contains("a.db was moved, removed or replaced");
  {
    State state{dir / "a.db", 3};
    CHECK(state.begin(100) == 0);
    save(state, "a", "1", keys(1, 1));
    std::filesystem::rename(dir / "a.db", dir / "elsewhere");
    CHECK_THROWS_WITH(save(state, "a", "2", keys(2, 2)), gone);
    CHECK_THROWS_WITH(state.end(0), gone);
    std::filesystem::rename(dir / "elsewhere", dir / "a.db");
    save(state, "a", "2", keys(2, 2));
  }
  State state{dir / "a.db", 3};
  CHECK(state.begin(100) == 100);
  CHECK(state.sources().at("a").cursor == "2");
  CHECK(state.seen("a") == keys(1, 2));
}

TEST_CASE("what was saved survives a kill, cursor and seen posts together", "[state]") {
  const TempDir dir;
  ChildProcess child{[&](auto say) {
    State state{dir / "a.db", 1'000'000};
    (void)state.begin(1);
    for (int i = 1;; ++i) {
      save(state, "a", std::to_string(i), keys(i, i));
      say("x");
    }
  }};
  std::size_t acked = 0;
  while (acked < 50) {
    const std::size_t heard = child.hear().size();
    REQUIRE(heard > 0);
    acked += heard;
  }
  child.kill();
  acked += child.hear_all().size();

  State state{dir / "a.db", 1'000'000};
  CHECK(state.begin(1) == 1);
  const int cursor = std::stoi(state.sources().at("a").cursor);
  CHECK(static_cast<std::size_t>(cursor) >= acked);
  CHECK(state.seen("a") == keys(1, cursor));
}

TEST_CASE("a second ingestor on the same state is refused", "[state]") {
  const TempDir dir;
  State state{dir / "a.db", 10};
  ChildProcess second{[&](auto) { State{dir / "a.db", 10}; }};
  CHECK_THAT(second.hear_all(), Contains("a.db is in use by process"));
}

TEST_CASE("a row of seen posts that is cut off is named", "[state]") {
  const TempDir dir;
  {
    State state{dir / "a.db", 10};
    save(state, "a", "1", keys(1, 1));
  }
  SQLite::Database{(dir / "a.db").string(), SQLite::OPEN_READWRITE}.exec(
      "UPDATE seen SET keys = x'0102'");
  State state{dir / "a.db", 10};
  CHECK_THROWS_WITH(state.seen("a"), Contains("a.db is damaged"));
}
