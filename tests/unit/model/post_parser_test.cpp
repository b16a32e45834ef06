#include "common/model/post_parser.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/catch.hpp"

using namespace pullwire;

namespace {

/// A parser and the line it read, which must outlive the post.
struct Parsed {
  explicit Parsed(std::string line) : json{std::move(line)}, size{json.size()} {
    json.resize(size + simdjson::SIMDJSON_PADDING);
    good = parser.parse(std::string_view{json}.substr(0, size));
  }
  const Post& post() { return parser.post(); }

  std::string json;
  std::size_t size;
  PostParser parser{"news"};
  bool good = false;
};

std::string refusal(const std::string& line) {
  Parsed parsed{line};
  return parsed.good ? "" : parsed.parser.why();
}

std::string with(const std::string& fields) {
  return R"({"id":"1","text":"t",)" + fields + "}";
}

std::string string_of(std::size_t size) {
  return '"' + std::string(size, 'x') + '"';
}

std::string array_of(std::size_t count, const std::string& element) {
  std::string array = "[";
  for (std::size_t i = 0; i < count; ++i) array += (i == 0 ? "" : ",") + element;
  return array + "]";
}

}  // namespace

TEST_CASE("a line with every field becomes a post", "[post_parser]") {
  Parsed parsed{
      R"({"id":"a:1","text":"Gr\u00fc\u00dfe \ud83d\ude00 #nicht","author":"@ada","author_name":"Ada L",)"
      R"("created_at":"2026-11-23T18:42:55+01:00","lang":"de","url":"https://example.org/1",)"
      R"("hashtags":["One","#two",""," \uff03three "],)"
      R"("media":[{"type":"image","url":"https://example.org/a.png","alt":"a cat","w":[1,{"x":null}]},)"
      R"({"type":"gifv","url":"b"},"https://example.org/c"],"unknown":{"deep":[true,-1.5e3,"s"]}})"};
  REQUIRE(parsed.good);
  const Post& post = parsed.post();
  CHECK(post.post_id == "news:a:1");
  CHECK(post.source == "news");
  CHECK(post.text == "Gr\u00FC\u00DFe \U0001F600 #nicht");
  CHECK(post.author == "ada");
  CHECK(post.author_name == "Ada L");
  CHECK(post.created_at == parse_rfc3339("2026-11-23T17:42:55Z"));
  CHECK(post.lang == "de");
  CHECK(post.url == "https://example.org/1");
  CHECK(post.hashtags == std::vector<std::string_view>{"One", "two", "three"});
  CHECK(post.media == std::vector<Media>{{"image", "https://example.org/a.png", "a cat"},
                                         {"", "b", ""},
                                         {"", "https://example.org/c", ""}});
}

TEST_CASE("optional fields may be absent or null", "[post_parser]") {
  for (const std::string& line :
       {std::string{R"({"text":"","id":"1"})"},
        std::string{
            R"({"id":"1","text":"","author":null,"author_name":null,"created_at":null,"lang":null,)"
            R"("url":null,"hashtags":null,"media":null,"other":null})"}}) {
    Parsed parsed{line};
    CAPTURE(line, parsed.parser.why());
    REQUIRE(parsed.good);
    Post bare;
    bare.post_id = "news:1";
    bare.source = "news";
    CHECK(parsed.post() == bare);
  }
}

TEST_CASE("hashtags come from the text only if the field is absent", "[post_parser]") {
  CHECK(Parsed{R"({"id":"1","text":"#a b #C #A"})"}.post().hashtags ==
        std::vector<std::string_view>{"a", "C"});
  CHECK(Parsed{R"({"id":"1","text":"#a","hashtags":null})"}.post().hashtags ==
        std::vector<std::string_view>{"a"});
  CHECK(Parsed{R"({"id":"1","text":"#a","hashtags":[]})"}.post().hashtags.empty());
}

TEST_CASE("an id that is a number is taken digit by digit", "[post_parser]") {
  for (const std::string id : {"0", "-7", "12345678901234567890123456789", "1.0", "1e5", "10E-2"}) {
    CAPTURE(id);
    CHECK(Parsed{R"({"id": )" + id + R"( , "text":"t"})"}.post().post_id == "news:" + id);
  }
  for (const std::string id : {"01", "-", "1.", "1e", "1x", "--1"}) {
    CAPTURE(id);
    CHECK_FALSE(refusal(R"({"id":)" + id + R"(,"text":"t"})").empty());
  }
}

TEST_CASE("of a field that comes twice the last holds", "[post_parser]") {
  Parsed parsed{R"({"id":"1","hashtags":["a"],"id":2,"text":"x","text":"y","hashtags":["b"]})"};
  REQUIRE(parsed.good);
  CHECK(parsed.post().post_id == "news:2");
  CHECK(parsed.post().text == "y");
  CHECK(parsed.post().hashtags == std::vector<std::string_view>{"b"});
}

TEST_CASE("a field of the wrong kind is named", "[post_parser]") {
  CHECK(refusal(R"({"text":"t"})") == "id is missing");
  CHECK(refusal(R"({"id":"","text":"t"})") == "id is missing");
  CHECK(refusal(R"({"id":null,"text":"t"})") == "id is missing");
  CHECK(refusal(R"({"id":true,"text":"t"})") == "id is no string");
  CHECK(refusal(R"({"id":"1"})") == "text is missing");
  CHECK(refusal(R"({"id":"1","text":null})") == "text is missing");
  CHECK(refusal(R"({"id":"1","text":5})") == "text is no string");
  for (const std::string field : {"author", "author_name", "created_at", "lang", "url"}) {
    CHECK(refusal(with('"' + field + R"(":5)")) == field + " is no string");
    CHECK(refusal(with('"' + field + R"(":["x"])")) == field + " is no string");
  }
  CHECK(refusal(with(R"("created_at":"yesterday")")) == "created_at is no RFC 3339 time");
  CHECK(refusal(with(R"("created_at":"")")) == "created_at is no RFC 3339 time");
  CHECK(refusal(with(R"("hashtags":"a")")) == "hashtags is no array");
  CHECK(refusal(with(R"("hashtags":["a",5])")) == "hashtags has what is no string");
  CHECK(refusal(with(R"("media":{})")) == "media is no array");
  CHECK(refusal(with(R"("media":[5])")) == "media has what is neither a URL nor an object");
  CHECK(refusal(with(R"("media":[{"alt":"x"}])")) == "media has an item without url");
  CHECK(refusal(with(R"("media":[{"url":"x","alt":5}])")) == "media.alt is no string");
}

TEST_CASE("control characters are refused in an id and kept in a text", "[post_parser]") {
  for (const std::string id : {R"(a\u0000b)", R"(a\n)", R"(\u007f)", R"(\u0085)"}) {
    CAPTURE(id);
    CHECK(refusal(R"({"id":")" + id + R"(","text":"t"})") == "id has a control character");
  }
  CHECK(refusal(R"({"id":"\u00a0\u00e9","text":"a\u0000b"})").empty());
}

TEST_CASE("an id beyond the limit is refused", "[post_parser]") {
  const auto id = [](std::size_t size) {
    return R"({"id":)" + string_of(size) + R"(,"text":"t"})";
  };
  CHECK(refusal(id(PostLimits::kIdBytes - 5)).empty());
  CHECK(refusal(id(PostLimits::kIdBytes - 4)) == "id is longer than 1019 bytes");
}

TEST_CASE("a post at the limits is taken and one beyond is cut to them and marked",
          "[post_parser]") {
  PostParser parser{"file"};
  const auto mark = [&](const std::string& line) {
    const simdjson::padded_string padded{line};
    REQUIRE(parser.parse(padded));
    return std::string{parser.post().refused};
  };
  const auto text = [](std::size_t size) { return R"({"id":"1","text":)" + string_of(size) + "}"; };
  CHECK(mark(text(PostLimits::kTextBytes)).empty());
  CHECK(mark(text(600 * 1024)) == "too large: text of 614400 bytes, at most 524288");
  CHECK(parser.post().text.size() == PostLimits::kTextBytes);
  CHECK(mark(text(1)).empty());

  for (const std::string field : {"author", "author_name", "lang", "url"}) {
    CHECK(mark(with('"' + field + "\":" + string_of(PostLimits::kFieldBytes))).empty());
    CHECK(mark(with('"' + field + "\":" + string_of(PostLimits::kFieldBytes + 1))) ==
          "too large: " + field + " of 4097 bytes, at most 4096");
  }
  CHECK(parser.post().url.size() == PostLimits::kFieldBytes);
  CHECK(mark(with("\"hashtags\":" + array_of(PostLimits::kHashtags, "\"a\""))).empty());
  CHECK(mark(with("\"hashtags\":" + array_of(PostLimits::kHashtags + 1, "\"a\""))) ==
        "too large: more than 256 hashtags");
  CHECK(parser.post().hashtags.size() == PostLimits::kHashtags);
  CHECK(mark(with("\"media\":" + array_of(PostLimits::kMedia, "\"a\""))).empty());
  CHECK(mark(with("\"media\":" + array_of(PostLimits::kMedia + 1, "\"a\""))) ==
        "too large: more than 64 media");
  CHECK(parser.post().media.size() == PostLimits::kMedia);
}

TEST_CASE("a text that is cut keeps its last hashtag and its last character whole",
          "[post_parser]") {
  PostParser parser{"file"};
  std::string text = "x";  // so that the limit falls into a character
  while (text.size() <= PostLimits::kTextBytes) text += "\xC3\xA9";
  const simdjson::padded_string line{R"({"id":"1","text":")" + text + R"( #late"})"};
  REQUIRE(parser.parse(line));
  CHECK(parser.post().text == std::string_view{text}.substr(0, PostLimits::kTextBytes - 1));
  CHECK(parser.post().hashtags == std::vector<std::string_view>{"late"});
}

TEST_CASE("what is not exactly one JSON object is refused", "[post_parser]") {
  for (const std::string& line :
       std::vector<std::string>{"x",
                                "{",
                                "}",
                                "[]",
                                "\"id\"",
                                "1",
                                "null",
                                "{}",
                                "[{\"id\":\"1\",\"text\":\"t\"}]",
                                with("\"a\":1") + "x",
                                with("\"a\":1") + "}",
                                with("\"a\":1") + " {}",
                                with("\"a\":"),
                                with("\"a\":nonsense"),
                                with("\"a\":nulls"),
                                with("\"a\":tru"),
                                with("\"a\":01"),
                                with("\"a\":[1,]"),
                                with("\"a\":[1 2]"),
                                with("\"a\":{\"b\"}"),
                                with("\"a\":{\"b\":x}"),
                                with("\"a\":\"\\x\""),
                                with("\"a\":\"\\u12\""),
                                with("a:1"),
                                with("\"author\":nope"),
                                with("\"hashtags\":nope"),
                                with("\"media\":nope"),
                                with("\"media\":[{\"z\":nope}]"),
                                R"({"id":"1","text":"open)",
                                R"({"id":"1" "text":"t"})",
                                R"({"id":"1","text":"t",})",
                                "{\"id\":\"1\",\"text\":\"\xFF\"}",
                                "{\"id\":\"1\",\"text\":\"\xED\xA0\x80\"}",
                                "{\"id\":\"1\",\"text\":\"a\tb\"}",
                                R"({"id":"1","text":"\ud800"})",
                                with("\"a\":" + std::string(100'000, '[')),
                                with("\"a\":" + std::string(500, '[') + std::string(500, ']'))}) {
    CAPTURE(line.substr(0, 100));
    CHECK_FALSE(refusal(line).empty());
  }
}

TEST_CASE("every beginning of a post is refused", "[post_parser]") {
  const std::string line =
      R"({"id":12,"text":"a\n\u00e9","hashtags":["x"],"media":[{"url":"u"}],"z":{"y":[1.5,null]}})";
  CHECK(refusal(line).empty());
  for (std::size_t size = 0; size < line.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(refusal(line.substr(0, size)).empty());
  }
}
