#include "ingestor/live/bluesky.hpp"

#include <string>

#include "common/model/post.hpp"
#include "tests/catch.hpp"
#include "tests/unit/ingestor/live/page_of.hpp"

using namespace pullwire;
using namespace pullwire::ingestor;

namespace {

std::shared_ptr<Platform> bluesky(Backfill::From from = Backfill::From::Beginning,
                                  std::string username = "") {
  return make_bluesky({.base = "https://b.example",
                       .username = std::move(username),
                       .password = "p",
                       .hashtags = {"programming"},
                       .backfill = {.from = from}});
}

/// Posts of these minutes of an hour, newest first, and the cursor behind them.
HttpAnswer page(const std::vector<int>& minutes, const std::string& cursor = "") {
  std::string list;
  for (const int minute : minutes) {
    const std::string digits = (minute < 10 ? "0" : "") + std::to_string(minute);
    list += (list.empty() ? "" : ",") + std::string{R"({"uri":"at://did/c/)"} + digits +
            R"(","indexedAt":"2026-11-28T11:)" + digits +
            R"(:00.000Z","author":{"handle":"a.test"},"record":{"text":"#programming",)" +
            R"("createdAt":"2026-11-28T11:)" + digits + R"(:00.000Z"}})";
  }
  return answer_of(R"({"posts":[)" + list + "]" +
                   (cursor.empty() ? "" : R"(,"cursor":")" + cursor + "\"") + "}");
}

}  // namespace

TEST_CASE("a hashtag is searched from the newest post to where the last search began",
          "[bluesky]") {
  const auto source = bluesky();
  CHECK(asked(*source) ==
        "https://b.example/xrpc/app.bsky.feed.searchPosts?q=%23programming"
        "&tag=programming&sort=latest&limit=100");
  const auto first = page_of(*source, page({30, 29}, "c2"));
  CHECK(ids_of(first) == "at://did/c/29 at://did/c/30");
  CHECK(asked(*source, first.place).ends_with("&cursor=c2"));
  const auto last = page_of(*source, page({28}), first.place);
  CHECK_FALSE(last.more);
  // Two minutes further than the newest, for those that show up late.
  CHECK(asked(*source, last.place).ends_with("&since=2026-11-28T11%3A28%3A00.000Z"));
  const auto again = page_of(*source, page({31, 30, 29, 27}, "c3"), last.place);
  CHECK(ids_of(again) == "at://did/c/29 at://did/c/30 at://did/c/31");
  CHECK(again.more);
  const auto passed = page_of(*source, page({26, 25}, "c4"), again.place);
  CHECK(passed.posts.empty());
  CHECK_FALSE(passed.more);
  CHECK(asked(*source, passed.place).ends_with("&since=2026-11-28T11%3A29%3A00.000Z"));
}

TEST_CASE("a newest post that is removed does not take the search back", "[bluesky]") {
  const auto source = bluesky();
  const auto first = page_of(*source, page({30}));
  CHECK(page_of(*source, page({10}), first.place).place == first.place);
  CHECK(page_of(*source, page({}), first.place).place == first.place);
}

TEST_CASE("a cursor that does not move on ends the search", "[bluesky]") {
  const auto source = bluesky();
  const auto first = page_of(*source, page({30}, "same"));
  CHECK_FALSE(page_of(*source, page({30}, "same"), first.place).more);
}

TEST_CASE("of Bluesky's past only what is asked for is given", "[bluesky]") {
  const auto now = bluesky(Backfill::From::Now);
  CHECK(asked(*now).ends_with("&limit=1"));
  const auto begin = page_of(*now, page({30}, "c"));
  CHECK(begin.posts.empty());
  CHECK_FALSE(begin.more);
  CHECK(ids_of(page_of(*now, page({31, 30, 29}), begin.place)) == "at://did/c/31");
}

TEST_CASE("a session is made, renewed when it ends, and made anew when it cannot be", "[bluesky]") {
  const auto source = bluesky(Backfill::From::Beginning, "me.test");
  CHECK_FALSE(bluesky()->sign_in());
  auto request = source->sign_in();
  REQUIRE(request);
  CHECK(request->method == "POST");
  CHECK(request->url.ends_with("/xrpc/com.atproto.server.createSession"));
  CHECK(request->body == R"({"identifier":"me.test","password":"p"})");
  source->signed_in(answer_of(R"({"accessJwt":"a1","refreshJwt":"r1"})"));
  CHECK_FALSE(source->sign_in());
  CHECK(source->request("programming", "", kTestNow).headers ==
        std::vector<std::string>{"Authorization: Bearer a1"});

  CHECK_THROWS_AS(page_of(*source, answer_of(R"({"error":"ExpiredToken"})", 400)), SessionEnded);
  CHECK_THROWS_AS(page_of(*source, answer_of(R"({"error":"AuthMissing"})", 401)), SessionEnded);
  source->signed_out();
  request = source->sign_in();
  REQUIRE(request);
  CHECK(request->url.ends_with("/xrpc/com.atproto.server.refreshSession"));
  CHECK(request->headers == std::vector<std::string>{"Authorization: Bearer r1"});
  CHECK(complaint([&] { source->signed_in(answer_of(R"({"message":"revoked"})", 400)); }) ==
        "no session: HTTP 400: \"revoked\"");
  CHECK(source->sign_in()->url.ends_with("createSession"));
}

TEST_CASE("a post's links are written out, and its tags are those of text and facets",
          "[bluesky]") {
  const auto source = bluesky();
  const auto read = page_of(*source, answer_of(R"({"posts":[{"uri":"at://did:plc:x/c/3k",
    "author":{"handle":"ada.test","displayName":"Ada"},"indexedAt":"2026-11-28T11:00:00.000Z",
    "record":{"text":"sé example.com/lo... and here #One","createdAt":"2026-11-28T12:00:00.000Z",
      "langs":["fr","en"],"tags":["Two"],"reply":{"parent":{}},
      "facets":[{"index":{"byteStart":26,"byteEnd":30},"features":[{"$type":"app.bsky.richtext.facet#link","uri":"https://other.example/"}]},
                {"index":{"byteStart":4,"byteEnd":21},"features":[{"$type":"app.bsky.richtext.facet#link","uri":"https://example.com/long"}]},
                {"index":{"byteStart":2,"byteEnd":5},"features":[{"$type":"app.bsky.richtext.facet#link","uri":"https://cut.example/"}]},
                {"index":{"byteStart":32,"byteEnd":999},"features":[{"$type":"app.bsky.richtext.facet#tag","tag":"one"}]}]},
    "embed":{"$type":"app.bsky.embed.recordWithMedia#view","media":{"$type":"app.bsky.embed.images#view",
      "images":[{"fullsize":"https://i/1","alt":"a"}]}}}]})"));
  REQUIRE(read.posts.size() == 1);
  const FoundPost& post = read.posts.front();
  CHECK(post.text == "sé https://example.com/long and here (https://other.example/) #One");
  CHECK(post.hashtags == std::vector<std::string>{"one", "Two"});
  CHECK(post.url == "https://bsky.app/profile/ada.test/post/3k");
  CHECK(to_text(*post.created_at) == "2026-11-28T11:00:00.000000Z");
  CHECK(post.lang == "fr");
  CHECK(post.reply);
  REQUIRE(post.media.size() == 1);
}

TEST_CASE("what is no search result is refused or passed over", "[bluesky]") {
  const auto source = bluesky();
  CHECK(complaint([&] { (void)page_of(*source, answer_of("{}")); }) ==
        "the answer is no list of posts");
  CHECK(complaint([&] {
          (void)page_of(*source, answer_of(R"({"error":"InvalidRequest","message":"no"})", 400));
        }) == "HTTP 400: \"no\"");
  const auto read = page_of(*source, answer_of(R"({"posts":[1,{},{"uri":"at://x"}]})"));
  CHECK(read.posts.empty());
  CHECK(read.skipped.size() == 3);
}

TEST_CASE("an empty page on the way does not end a search", "[bluesky]") {
  const auto source = bluesky();
  const auto first = page_of(*source, page({30}, "a"));
  const auto empty = page_of(*source, page({}, "b"), first.place);
  CHECK(empty.more);
  CHECK(asked(*source, empty.place).ends_with("&cursor=b"));
}

TEST_CASE("a post with thousands of tags takes no time and no more than a post can have",
          "[bluesky]") {
  std::string tags;
  std::string text;
  for (int i = 0; i < 13'000; ++i) tags += ",\"größe" + std::to_string(i) + "\"";
  for (int i = 0; i < 500; ++i) text += " #maß" + std::to_string(i);
  const auto read =
      page_of(*bluesky(), answer_of(R"({"posts":[{"uri":"at://a/b/c","indexedAt":)"
                                    R"("2026-11-28T11:00:00.000Z","record":{"text":")" +
                                    text + R"(","tags":[)" + tags.substr(1) + "]}}]}"));
  REQUIRE(read.posts.size() == 1);
  CHECK(read.posts.front().hashtags.size() == PostLimits::kHashtags);
}

TEST_CASE("control characters of a post's fields are left out", "[bluesky]") {
  const auto read = page_of(
      *bluesky(),
      answer_of(
          R"({"posts":[{"uri":"at://a/b/c","indexedAt":)"
          R"("2026-11-28T11:00:00.000Z","record":{"text":"a\u0000\u001bb","langs":["e\u0000n"],)"
          R"("tags":["x\u001by"]}}]})"));
  CHECK(read.posts.front().text == "ab");
  CHECK(read.posts.front().lang == "en");
  CHECK(read.posts.front().hashtags == std::vector<std::string>{"xy"});
}
