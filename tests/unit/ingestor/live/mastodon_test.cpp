#include "ingestor/live/mastodon.hpp"

#include <string>

#include "tests/catch.hpp"
#include "tests/unit/ingestor/live/page_of.hpp"

using namespace pullwire;
using namespace pullwire::ingestor;

namespace {

std::shared_ptr<Platform> mastodon(Backfill backfill) {
  return make_mastodon(
      {.base = "https://m.example", .token = "", .hashtags = {"größe"}, .backfill = backfill});
}

/// A page of the posts of these ids, each of one character, newest first.
HttpAnswer page(const std::string& ids, const std::string& link = "") {
  std::string list;
  for (const char id : ids) {
    list += (list.empty() ? "" : ",") + std::string{R"({"id":")"} + id +
            R"(","content":"<p>x</p>","created_at":"2026-11-2)" + id + R"(T00:00:00.000Z"})";
  }
  return answer_of("[" + list + "]", 200, {{"link", link}});
}

}  // namespace

TEST_CASE("a hashtag's timeline is read forwards from the newest post there was", "[mastodon]") {
  const auto source = mastodon({.from = Backfill::From::Now});
  CHECK(asked(*source) == "https://m.example/api/v1/timelines/tag/gr%C3%B6%C3%9Fe?limit=1");
  const auto begin = page_of(*source, page("3"));
  CHECK(begin.posts.empty());
  CHECK(asked(*source, begin.place).ends_with("?limit=40&min_id=3"));
  const auto next = page_of(*source, page("65"), begin.place);
  CHECK(ids_of(next) == "5 6");
  CHECK(next.more);
  CHECK(asked(*source, next.place).ends_with("&min_id=6"));
  const auto none = page_of(*source, page(""), next.place);
  CHECK_FALSE(none.more);
  CHECK(none.place == next.place);
}

TEST_CASE("a timeline that was empty at the beginning loses nothing", "[mastodon]") {
  const auto source = mastodon({.from = Backfill::From::Now});
  const auto begin = page_of(*source, page(""));
  CHECK(asked(*source, begin.place).ends_with("?limit=40"));
  const auto all = page_of(*source, page("21"), begin.place);
  CHECK(ids_of(all) == "1 2");
  CHECK(asked(*source, all.place).ends_with("&max_id=1"));
  const auto end = page_of(*source, page(""), all.place);
  CHECK(asked(*source, end.place).ends_with("&min_id=2"));
}

TEST_CASE("what was there before is read backwards, to its end or to a moment", "[mastodon]") {
  const auto all = mastodon({.from = Backfill::From::Beginning});
  const auto first = page_of(*all, page("98",
                                        "<https://elsewhere/x?max_id=seven>; rel=\"next\", "
                                        "<https://elsewhere/x?min_id=nine>; rel=\"prev\""));
  CHECK(ids_of(first) == "8 9");
  CHECK(asked(*all, first.place).ends_with("&max_id=seven"));
  const auto end = page_of(*all, page(""), first.place);
  CHECK_FALSE(end.more);
  CHECK(asked(*all, end.place).ends_with("&min_id=nine"));

  const auto since =
      mastodon({.from = Backfill::From::Moment, .moment = *parse_rfc3339("2026-11-25T00:00:00Z")});
  const auto last = page_of(*since, page("654"));
  CHECK(ids_of(last) == "5 6");
  CHECK_FALSE(last.more);
  CHECK(asked(*since, last.place).ends_with("&min_id=6"));
}

TEST_CASE("a status has its author, text, warning, hashtags and media", "[mastodon]") {
  const auto source = mastodon({.from = Backfill::From::Beginning});
  const auto read =
      page_of(*source, answer_of(R"([{"id":"117","created_at":"2026-08-01T13:55:55.867Z",
      "in_reply_to_id":"5","spoiler_text":"spoilers","language":"ja","uri":"https://m/ap/117",
      "url":null,"content":"<p>see <a href=\"https://m/tags/hoot\" class=\"mention hashtag\">#<span>hoot</span></a></p>",
      "reblog":null,"account":{"acct":"me@there","display_name":"Me"},
      "media_attachments":[{"type":"gifv","url":"https://m/1","description":"cat"},{"type":"image"}],
      "tags":[{"name":"hoot"}]}])"));
  REQUIRE(read.posts.size() == 1);
  const FoundPost& post = read.posts.front();
  CHECK(post.author == "me@there");
  CHECK(post.author_name == "Me");
  CHECK(post.lang == "ja");
  CHECK(post.url == "https://m/ap/117");
  CHECK(post.text.starts_with("spoilers\n\n"));
  CHECK(post.hashtags == std::vector<std::string>{"hoot"});
  CHECK(post.reply);
  CHECK_FALSE(post.repost);
  REQUIRE(post.media.size() == 1);
  CHECK(post.media[0].type == "video");
  CHECK(post.media[0].alt == "cat");
}

TEST_CASE("a token is sent, and a refusal told", "[mastodon]") {
  const auto source = make_mastodon({.base = "https://m.example",
                                     .token = "abc",
                                     .hashtags = {"x"},
                                     .backfill = {.from = Backfill::From::Beginning}});
  CHECK(source->request("x", "", kTestNow).headers ==
        std::vector<std::string>{"Authorization: Bearer abc"});
  CHECK(complaint([&] {
          (void)page_of(*source,
                        answer_of(R"({"error":"This API requires an authenticated user"})", 422));
        }) == "HTTP 422: \"This API requires an authenticated user\"");
  CHECK(complaint([&] { (void)page_of(*source, answer_of("{}")); }) ==
        "the answer is no list of posts");
}

TEST_CASE("a server that has less than another of its name does not take the place back",
          "[mastodon]") {
  const auto source = mastodon({.from = Backfill::From::Now});
  const auto begin = page_of(*source, page("5"));
  const auto stale = page_of(*source, page("4"), begin.place);
  CHECK_FALSE(stale.more);
  CHECK(stale.place == begin.place);
}

TEST_CASE("an answer with ids or posts beyond all bounds is refused", "[mastodon]") {
  const auto source = mastodon({.from = Backfill::From::Beginning});
  const std::string id(5000, '7');
  CHECK(complaint([&] {
          (void)page_of(*source, answer_of(R"([{"id":")" + id + R"(","content":""}])"));
        }) == "an id or cursor of the answer is longer than 4096 bytes");
  std::string many = "[{}";
  for (int i = 0; i < 1000; ++i) many += ",{}";
  CHECK(complaint([&] { (void)page_of(*source, answer_of(many + "]")); }) ==
        "the answer has more than 1000 posts");
}
