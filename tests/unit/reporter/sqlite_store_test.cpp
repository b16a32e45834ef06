// What stands in the rows.
#include <array>
#include <string>
#include <vector>

#include "tests/catch.hpp"
#include "tests/temp_dir.hpp"
#include "tests/unit/reporter/store_fixture.hpp"

using namespace pullwire;
using namespace pullwire::reporter;
using namespace pullwire::reporter::fixture;
using pullwire::tests::TempDir;

namespace {

bool decode_sparse(std::string_view bytes, Post& post) {
  post = {};
  post.post_id = "file:1";
  post.source = "file";
  post.text = bytes;
  return true;
}

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
