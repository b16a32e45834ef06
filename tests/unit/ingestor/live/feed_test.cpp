#include "ingestor/live/feed.hpp"

#include <string>
#include <vector>

#include "tests/catch.hpp"
#include "tests/unit/ingestor/live/page_of.hpp"

using namespace pullwire;
using namespace pullwire::ingestor;

namespace {

std::shared_ptr<Platform> feed(Backfill backfill = {.from = Backfill::From::Beginning},
                               std::string username = "") {
  return make_feed({.url = "https://f.example/feed/",
                    .login = {.username = std::move(username), .password = "p"},
                    .backfill = backfill});
}

/// A feed of items with these ids and days of November 2026, in this order.
std::string rss(const std::vector<std::pair<std::string, int>>& items) {
  std::string text = "<rss version=\"2.0\"><channel><title>F</title>";
  for (const auto& [id, day] : items) {
    text += "<item><guid>" + id + "</guid><title>" + id + "</title><pubDate>" +
            std::to_string(day) + " Nov 2026 12:00:00 GMT</pubDate></item>";
  }
  return text + "</channel></rss>";
}

HttpAnswer whole(std::string body, std::vector<std::pair<std::string, std::string>> headers = {}) {
  headers.emplace_back("content-length", std::to_string(body.size()));
  return answer_of(std::move(body), 200, std::move(headers));
}

std::vector<std::string> asked_with(const Platform& platform, const std::string& place) {
  std::vector<std::string> headers = platform.request("feed", place, kTestNow).headers;
  headers.erase(headers.begin());  // Accept
  return headers;
}

}  // namespace

TEST_CASE("a feed is given oldest first, whichever way it is written", "[feed_source]") {
  const auto source = feed();
  CHECK(ids_of(page_of(*source, whole(rss({{"c", 3}, {"b", 2}, {"a", 1}})))) == "a b c");
  CHECK(ids_of(page_of(*source, whole(rss({{"a", 1}, {"b", 2}, {"c", 3}})))) == "a b c");
}

TEST_CASE("an unchanged feed is asked for by what it said of itself", "[feed_source]") {
  const auto source = feed();
  const auto page = page_of(*source, whole(rss({{"a", 1}}), {{"etag", "W/\"1\""},
                                                             {"last-modified", "yesterday"},
                                                             {"cache-control", "max-age=600"}}));
  CHECK(page.rest == std::chrono::seconds{600});
  CHECK(asked_with(*source, page.place) ==
        std::vector<std::string>{"If-None-Match: W/\"1\"", "If-Modified-Since: yesterday"});
  const auto same = page_of(*source, answer_of("", 304), page.place);
  CHECK(same.posts.empty());
  CHECK(same.place == page.place);
}

TEST_CASE("from now on: what the feed has at first is old, and so is what is older",
          "[feed_source]") {
  const auto source = feed({.from = Backfill::From::Now});
  const auto first = page_of(*source, whole(rss({{"b", 2}, {"a", 1}})));
  CHECK(first.posts.empty());
  CHECK(first.old == std::vector<std::string>{"a", "b"});
  // One that was removed makes room for an older one; this test is later than that.
  const auto next = page_of(*source,
                            whole("<rss version=\"2.0\"><channel><item><guid>new</guid>"
                                  "<title>n</title></item><item><guid>z</guid><title>z"
                                  "</title><pubDate>1 Nov 2020 12:00:00 GMT</pubDate>"
                                  "</item></channel></rss>"),
                            first.place);
  CHECK(ids_of(next) == "new");
}

TEST_CASE("from a moment on: what is dated before it is left out", "[feed_source]") {
  const auto source =
      feed({.from = Backfill::From::Moment, .moment = *parse_rfc3339("2026-11-02T00:00:00Z")});
  const auto first = page_of(*source, whole(rss({{"b", 2}, {"a", 1}})));
  CHECK(ids_of(first) == "b");
  CHECK(ids_of(page_of(*source, whole(rss({{"c", 3}, {"a", 1}})), first.place)) == "c");
}

TEST_CASE("a feed that has moved for good is asked at its new place", "[feed_source]") {
  const auto source = feed();
  HttpAnswer answer = whole(rss({{"a", 1}}));
  answer.moved_to = "https://new.example/feed";
  const auto page = page_of(*source, answer);
  CHECK(source->request("feed", page.place, kTestNow).url == "https://new.example/feed");
  CHECK(source->request("feed", source->without_page(page.place), kTestNow).url ==
        "https://f.example/feed/");
}

TEST_CASE("a feed that is gone ends, and one that is none is refused", "[feed_source]") {
  const auto source = feed();
  const auto gone = page_of(*source, answer_of("", 410));
  CHECK(gone.over);
  CHECK(gone.damage.find("gone for good") != std::string::npos);
  CHECK(complaint([&] { (void)page_of(*source, answer_of("", 404)); }) == "HTTP 404, not found");
  CHECK(complaint([&] { (void)page_of(*source, whole("")); }) != "nothing was wrong");
}

TEST_CASE("what may have been cut off on the way is asked for again, whole", "[feed_source]") {
  const auto source = feed();
  const std::string cut = rss({{"a", 1}, {"b", 2}}).substr(0, 150);
  const auto on_the_way = page_of(*source, answer_of(cut, 200, {{"etag", "\"1\""}}));
  CHECK(ids_of(on_the_way) == "a");
  CHECK_FALSE(on_the_way.damage.empty());
  CHECK(asked_with(*source, on_the_way.place).empty());
  const auto whole_once = page_of(*source, whole(cut, {{"etag", "\"1\""}}));
  CHECK(asked_with(*source, whole_once.place).empty());
  const auto as_it_is = page_of(*source, whole(cut, {{"etag", "\"1\""}}), whole_once.place);
  CHECK(asked_with(*source, as_it_is.place).size() == 1);
}

TEST_CASE("what has just changed is asked for again, whole", "[feed_source]") {
  const auto source = feed();
  const auto asked_after = [&](const char* date) {
    const auto page =
        page_of(*source, whole(rss({{"a", 1}}), {{"etag", "\"1\""},
                                                 {"last-modified", "Sat, 28 Nov 2026 12:00:00 GMT"},
                                                 {"date", date}}));
    return asked_with(*source, page.place).size();
  };
  CHECK(asked_after("Sat, 28 Nov 2026 12:00:04 GMT") == 0);
  CHECK(asked_after("Sat, 28 Nov 2026 12:00:05 GMT") == 2);
}

TEST_CASE("a name and a password are sent as HTTP Basic", "[feed_source]") {
  CHECK(asked_with(*feed({}, "Aladdin"), "") ==
        std::vector<std::string>{"Authorization: Basic QWxhZGRpbjpw"});
}

TEST_CASE("a password does not go to where a feed has moved to", "[feed_source]") {
  const auto source = feed({.from = Backfill::From::Beginning}, "Aladdin");
  HttpAnswer answer = whole(rss({{"a", 1}}));
  answer.moved_to = "https://elsewhere.example/feed";
  CHECK(asked_with(*source, page_of(*source, answer).place).empty());
  answer.moved_to = "https://f.example/new";
  CHECK(asked_with(*source, page_of(*source, answer).place).size() == 1);
  answer.moved_to = "https://me:you@f.example/new";
  CHECK(source->request("feed", page_of(*source, answer).place, kTestNow).url ==
        "https://f.example/feed/");
}
