#include "ingestor/live/x.hpp"

#include <stdexcept>
#include <string>

#include "ingestor/live/walk.hpp"
#include "tests/catch.hpp"
#include "tests/unit/ingestor/live/page_of.hpp"

using namespace pullwire;
using namespace pullwire::ingestor;

namespace {

XOptions options(Backfill::From from = Backfill::From::Beginning) {
  return {.base = "https://api.x.com",
          .token = "t",
          .hashtags = {"programming"},
          .languages = {},
          .backfill = {.from = from}};
}

// Ids of about 2026-11-28: later than seven days before kTestNow.
constexpr const char* kOldId = "2126600000000000000";

std::string page_json(const std::string& ids, const std::string& next) {
  std::string data;
  std::string newest;
  for (std::size_t i = 0; i < ids.size(); i += 2) {
    const std::string id = std::string{"212660000000000000"} + ids[i];
    if (newest.empty()) newest = id;
    data += (data.empty() ? "" : ",") + std::string{R"({"id":")"} + id + R"(","text":"t"})";
  }
  return R"({"data":[)" + data + R"(],"meta":{"newest_id":")" + newest + "\"" +
         (next.empty() ? "" : R"(,"next_token":")" + next + "\"") + "}}";
}

}  // namespace

TEST_CASE("all hashtags go into one query, or into as few as hold them", "[x]") {
  XOptions all = options();
  all.hashtags = {"computerscience", "architecture", "programming"};
  all.languages = {"en", "pt"};
  all.replies = false;
  const auto x = make_x(all);
  REQUIRE(x->streams().size() == 1);
  CHECK(x->streams().front() ==
        "(#computerscience OR #architecture OR #programming) -is:retweet -is:reply (lang:en OR "
        "lang:pt)");

  XOptions many = options();
  many.hashtags.clear();
  for (int i = 0; i < 100; ++i) many.hashtags.push_back("hashtag" + std::to_string(i));
  const auto split = make_x(many);
  std::size_t found = 0;
  for (const std::string& query : split->streams()) {
    CHECK(query.size() <= 512);
    for (const std::string& tag : many.hashtags) {
      if (query.find("#" + tag + " ") != std::string::npos ||
          query.find("#" + tag + ")") != std::string::npos) {
        ++found;
      }
    }
  }
  CHECK(found == 100);
  CHECK(split->streams().size() == 3);
  many.hashtags = {std::string(600, 'x')};
  CHECK_THROWS_AS(make_x(many), std::invalid_argument);
}

TEST_CASE("a walk goes from the newest page to the last, then from there on", "[x]") {
  const auto x = make_x(options());
  CHECK(asked(*x).find("since_id") == std::string::npos);
  const auto first = page_of(*x, answer_of(page_json("5 4", "p2")));
  CHECK(ids_of(first) == "2126600000000000004 2126600000000000005");
  CHECK(first.more);
  CHECK(asked(*x, first.place).find("&next_token=p2") != std::string::npos);
  const auto last = page_of(*x, answer_of(page_json("3 2", "")), first.place);
  CHECK_FALSE(last.more);
  CHECK(asked(*x, last.place).find("&since_id=2126600000000000005") != std::string::npos);
  CHECK(asked(*x, last.place).find("next_token") == std::string::npos);
  const auto none = page_of(*x, answer_of(R"({"meta":{"result_count":0}})"), last.place);
  CHECK(none.posts.empty());
  CHECK(none.place == last.place);
}

TEST_CASE("from now on: the first answer only tells where that is", "[x]") {
  const auto x = make_x(options(Backfill::From::Now));
  CHECK(asked(*x).find("max_results=10&") != std::string::npos);
  const auto first = page_of(*x, answer_of(page_json("5 4", "p2")));
  CHECK(first.posts.empty());
  CHECK_FALSE(first.more);
  CHECK(asked(*x, first.place).find("&since_id=2126600000000000005") != std::string::npos);
  const auto nothing_yet = page_of(*x, answer_of(R"({"meta":{"result_count":0}})"));
  CHECK(page_of(*x, answer_of(page_json("7", "")), nothing_yet.place).posts.size() == 1);
}

TEST_CASE("what has left the week that is searched is not asked for", "[x]") {
  const auto x = make_x(options());
  const std::string old = Walk{.floor = "1275840892285399041"}.text();
  CHECK(asked(*x, old).find("since_id") == std::string::npos);
  XOptions moment = options(Backfill::From::Moment);
  moment.backfill.moment = Timestamp{kTestNow.micros - std::int64_t{3'600'000'000}};
  CHECK(asked(*make_x(moment)).find("&start_time=2026-11-28T11%3A00%3A00Z") != std::string::npos);
  moment.backfill.moment = Timestamp{kTestNow.micros - std::int64_t{864'000'000'000}};
  CHECK(asked(*make_x(moment)).find("start_time") == std::string::npos);
}

TEST_CASE("a query that is new goes on where the ones before it stood", "[x]") {
  const auto x = make_x(options());
  const auto at = [](const char* floor) { return Walk{.floor = floor}.text(); };
  CHECK(x->begin({}) == "");
  CHECK(Walk::parse(x->begin({{"a", at("99")}, {"b", at("100")}})).floor == "99");
  // Nothing yet: all that has come since, not all that comes from now on.
  CHECK(x->begin({{"a", at("")}}) == at(""));
}

TEST_CASE("a post has its author, entities, media and kind", "[x]") {
  const auto x = make_x(options());
  const auto page = page_of(*x, answer_of(R"({"data":[{
      "id":"1275840891014561796","author_id":"7","created_at":"2020-06-24T17:19:07.000Z",
      "lang":"en","text":"kids &amp; a &lt;b&gt; #NY12",
      "entities":{"hashtags":[{"start":1,"end":2,"tag":"NY12"}]},
      "attachments":{"media_keys":["3_1","7_2","9_9"]},
      "referenced_tweets":[{"type":"replied_to","id":"1"}]}],
      "includes":{"users":[{"id":"8","username":"no","name":"No"},
                           {"id":"7","username":"ada","name":"Ada L"}],
                  "media":[{"media_key":"3_1","type":"photo","url":"https://p/1","alt_text":"a"},
                           {"media_key":"7_2","type":"video","preview_image_url":"https://p/2"}]},
      "meta":{"newest_id":"1275840891014561796"}})"));
  REQUIRE(page.posts.size() == 1);
  const FoundPost& post = page.posts.front();
  CHECK(post.author == "ada");
  CHECK(post.author_name == "Ada L");
  CHECK(to_text(*post.created_at) == "2020-06-24T17:19:07.000000Z");
  CHECK(post.text == "kids & a <b> #NY12");
  CHECK(post.url == "https://x.com/ada/status/1275840891014561796");
  CHECK(post.hashtags == std::vector<std::string>{"NY12"});
  CHECK(post.reply);
  REQUIRE(post.media.size() == 2);
  CHECK(post.media[0].alt == "a");
  CHECK(post.media[1].type == "image");
}

TEST_CASE("a page that is known no more starts the walk again", "[x]") {
  const auto x = make_x(options());
  const std::string place =
      Walk{.floor = kOldId, .top = "2126600000000000009", .page = "gone"}.text();
  const auto page = page_of(*x, answer_of(R"({"title":"Invalid Request"})", 400), place);
  CHECK(page.posts.empty());
  CHECK(page.more);
  CHECK(page.place == Walk{.floor = kOldId}.text());
  CHECK(x->without_page(place) == page.place);
}

TEST_CASE("what is no list of posts is refused in the platform's words", "[x]") {
  const auto x = make_x(options());
  const auto bad = [&](std::string body, long status) {
    return complaint([&] { (void)page_of(*x, answer_of(std::move(body), status)); });
  };
  CHECK(bad(R"({"title":"Unauthorized","detail":"Unauthorized"})", 401) ==
        "HTTP 401, the token or password is missing or wrong: \"Unauthorized\"");
  CHECK(bad(R"({"errors":[{"message":"bad query"}]})", 400) == "HTTP 400: \"bad query\"");
  CHECK(bad("<html>", 200) == "the answer is no JSON");
  CHECK(bad("[]", 200).starts_with("the answer is no list of posts"));
  CHECK(bad(std::string(100'000, '['), 200) == "the answer's JSON is nested too deep");
  const auto without = page_of(*x, answer_of(R"({"data":[{"text":"x"},5,null],"meta":{}})"));
  CHECK(without.posts.empty());
  CHECK(without.skipped.size() == 3);
}
