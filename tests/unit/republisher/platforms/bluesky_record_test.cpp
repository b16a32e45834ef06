#include "republisher/platforms/bluesky_record.hpp"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/catch.hpp"

using namespace pullwire;
using namespace pullwire::republisher;
using nlohmann::json;

namespace {

constexpr std::string_view kDigits = "234567abcdefghijklmnopqrstuvwxyz";

/// The time of a TID, in microseconds since 1970.
std::int64_t time_of(const std::string& tid) {
  std::uint64_t number = 0;
  for (const char digit : tid) number = number << 5U | kDigits.find(digit);
  return static_cast<std::int64_t>(number >> 10U);
}

struct BlueskyRecordTest {
  BlueskyRecordTest() {
    post.post_id = "x:1";
    post.source = "x";
    post.text = "hello";
    post.created_at = parse_rfc3339("2026-11-28T11:12:13.456789Z");
    post.ingested_at = *parse_rfc3339("2026-11-28T11:13:00Z");
  }

  [[nodiscard]] std::string key() const { return key_of("bluesky", "text"); }
  [[nodiscard]] std::string key_of(std::string_view target, std::string_view format) const {
    return bluesky_key(Document{&post, find_format(format), {}}, target);
  }
  json record(std::string_view pattern = "{text}") { return bluesky_record(post, pattern); }
  /// What the facets point at: "TEXT -> URI or #TAG", a line each.
  static std::string facets(const json& record) {
    std::string all;
    for (const json& facet : record.value("facets", json::array())) {
      const std::size_t begin = facet["index"]["byteStart"];
      const std::size_t end = facet["index"]["byteEnd"];
      const json& feature = facet["features"][0];
      all += record["text"].get<std::string>().substr(begin, end - begin) + " -> " +
             (feature["$type"] == "app.bsky.richtext.facet#tag"
                  ? "#" + feature["tag"].get<std::string>()
                  : feature["uri"].get<std::string>()) +
             "\n";
    }
    return all;
  }

  Post post;
};

}  // namespace

TEST_CASE_METHOD(BlueskyRecordTest, "a key is a TID of the time of the post", "[bluesky]") {
  const std::string tid = key();
  REQUIRE(tid.size() == 13);
  CHECK(tid.find_first_not_of(kDigits) == std::string::npos);
  CHECK(std::string_view{"234567abcdefghij"}.find(tid[0]) != std::string::npos);
  // Hash instead of the lower 32 bits, and never later.
  const std::int64_t before = post.created_at->micros - time_of(tid);
  CHECK(before > 0);
  CHECK(before < std::int64_t{2} << 32);
  post.created_at->micros += std::int64_t{1} << 33;
  CHECK(key() > tid);
}

TEST_CASE_METHOD(BlueskyRecordTest, "a key stays what it is", "[bluesky]") {
  // Written down: with another one, each post of an upgraded pipeline would appear again.
  CHECK(key() == "3n3eirkotm746");
  post.created_at.reset();
  CHECK(key() == "3akhurkotm746");
}

TEST_CASE_METHOD(BlueskyRecordTest, "a key is the same whenever the post is ingested",
                 "[bluesky]") {
  for (const bool timed : {true, false}) {
    if (!timed) post.created_at.reset();
    const std::string tid = key();
    post.ingested_at.micros += 3'600'000'000;
    CHECK(key() == tid);
  }
}

TEST_CASE_METHOD(BlueskyRecordTest, "keys differ by post, target and format", "[bluesky]") {
  const std::string tid = key();
  CHECK(key_of("other", "text") != tid);
  CHECK(key_of("bluesky", "html") != tid);
  post.post_id = "x:2";
  CHECK(key() != tid);
}

TEST_CASE_METHOD(BlueskyRecordTest, "10,000 posts of one moment, or of none, have as many keys",
                 "[bluesky]") {
  for (const bool timed : {true, false}) {
    if (!timed) post.created_at.reset();
    std::set<std::string> keys;
    for (int i = 0; i < 10'000; ++i) {
      const std::string id = "x:" + std::to_string(i);
      post.post_id = id;
      keys.insert(key());
    }
    CHECK(keys.size() == 10'000);
  }
}

TEST_CASE_METHOD(BlueskyRecordTest, "times that a TID cannot say have a key and a record",
                 "[bluesky]") {
  for (const char* time : {"0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z",
                           "2255-07-01T00:00:00Z", "9999-12-31T23:59:59Z"}) {
    post.created_at = parse_rfc3339(time);
    REQUIRE(post.created_at);
    const std::int64_t micros = time_of(key());
    CHECK(micros >= std::int64_t{1} << 50);  // 2005
    CHECK(micros < std::int64_t{3} << 49);   // 2023
    const std::string created = record()["createdAt"];
    CHECK((created == "1970-01-01T00:00:00.000Z" || created == "2255-06-05T23:47:34.740Z"));
  }
}

TEST_CASE_METHOD(BlueskyRecordTest, "a record says when, and in which language", "[bluesky]") {
  post.lang = "de-AT";
  CHECK(record() == json::parse(R"({"$type":"app.bsky.feed.post","text":"hello",
    "createdAt":"2026-11-28T11:12:13.456Z","langs":["de-AT"]})"));
  // A server refuses what is not well-formed, and the post with it.
  for (const auto& [tag, language] :
       std::vector<std::pair<std::string, std::string>>{{"zh-Hant-TW", "zh-Hant-TW"},
                                                        {"es-419", "es-419"},
                                                        {"de-DE-1996", "de-DE"},
                                                        {"zh-CN-Hans", "zh-CN"},
                                                        {"en-EN-en", "en-EN"},
                                                        {"en--us", "en"},
                                                        {"gsw", "gsw"}}) {
    post.lang = tag;
    CHECK(record()["langs"] == json{language});
  }
  for (const char* tag : {"no language!", "multilingual", "", "e", "12", "x-y", "-en"}) {
    post.lang = tag;
    CHECK_FALSE(record().contains("langs"));
  }
  post.created_at.reset();
  CHECK(record()["createdAt"] == "2026-11-28T11:13:00.000Z");
}

TEST_CASE_METHOD(BlueskyRecordTest, "facets count bytes", "[bluesky]") {
  SECTION("Arabic") {
    post.text = "مرحبا #برمجة و https://example.com/مرحبا";
    const json made = record();
    CHECK(facets(made) == "#برمجة -> #برمجة\nexample.com/مرحبا -> https://example.com/مرحبا\n");
    CHECK(made["facets"][0]["index"]["byteStart"] == 11);
    CHECK(made["facets"][0]["index"]["byteEnd"] == 22);
  }
  SECTION("emoji of several code points") {
    post.text = "👩‍👩‍👧‍👦🏳️‍🌈 #one 👍🏽 https://example.com/ #two";
    const json made = record();
    CHECK(facets(made) == "#one -> #one\nexample.com -> https://example.com/\n#two -> #two\n");
    CHECK(made["facets"][0]["index"]["byteStart"] == 40);
  }
  SECTION("Chinese and Japanese") {
    post.text = "新闻 #編程 https://例え.jp/テスト #プログラミング";
    CHECK(facets(record()) ==
          "#編程 -> #編程\n例え.jp/テスト -> https://例え.jp/テスト\n"
          "#プログラミング -> #プログラミング\n");
  }
}

TEST_CASE_METHOD(BlueskyRecordTest, "a link is shown as Bluesky's own app shows it", "[bluesky]") {
  const auto shown = [this](const std::string& url) {
    post.text = url;
    const json made = record();
    CHECK(made["facets"][0]["features"][0]["uri"] == url);
    return made["text"].get<std::string>();
  };
  CHECK(shown("https://example.com") == "example.com");
  CHECK(shown("http://example.com:8080/?a=1") == "example.com:8080/?a=1");
  CHECK(shown("https://example.com/2026/11/28/a-long-title") == "example.com/2026/11/28/a-long…");
  CHECK(shown("https://www.bank.example.a-long-name-of-somebody.example/x") ==
        "…ame-of-somebody.example/x");
  CHECK(shown("https://example.com/" + std::string(1500, 'x')) == "example.com/xxxxxxxxxxxxxxxxx…");
}

TEST_CASE_METHOD(BlueskyRecordTest, "a long post is cut at a word, with its link", "[bluesky]") {
  std::string words;
  while (words.size() < 6000) words += "слово 👩‍👩‍👧‍👦 ";
  post.text = words;
  post.url = "https://example.com/2026/11/28/a-long-title-of-a-page";
  const json made = record("{text}\n\n{url}");
  const std::string text = made["text"];
  CHECK(text.size() <= 3000);
  CAPTURE(text);
  CHECK(text.ends_with("…\n\nexample.com/2026/11/28/a-long…"));
  CHECK(facets(made) == "example.com/2026/11/28/a-long… -> " + std::string{post.url} + "\n");
  CHECK(made == record("{text}\n\n{url}"));
}

TEST_CASE_METHOD(BlueskyRecordTest, "a tag that is too long for a facet is text", "[bluesky]") {
  const std::string tag(65, 'a');
  const std::string text = "#" + tag + " #ok";
  post.text = text;
  const json made = record();
  CHECK(made["text"] == text);
  CHECK(facets(made) == "#ok -> #ok\n");
}

TEST_CASE_METHOD(BlueskyRecordTest, "something of each link is to be seen", "[bluesky]") {
  post.text = "https://a@ https://a@/ https://a@?x";
  CHECK(facets(record()) == "a@ -> https://a@\na@ -> https://a@/\na@?x -> https://a@?x\n");
}
