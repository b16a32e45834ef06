// What a replay brings of a database that was made for it.
#include "tests/unit/ingestor/replay_fixture.hpp"

using namespace pullwire;
using namespace pullwire::ingestor;
using namespace pullwire::ingestor::replays;
using Catch::Matchers::Contains;

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
