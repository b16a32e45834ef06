// When a replay waits, when it ends, and what it makes of damage.
#include "tests/unit/ingestor/replay_fixture.hpp"

using namespace pullwire;
using namespace pullwire::ingestor;
using namespace pullwire::ingestor::replays;
using Catch::Matchers::Contains;

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
