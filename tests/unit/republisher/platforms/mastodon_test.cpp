#include "republisher/platforms/mastodon.hpp"

#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "republisher/platforms/publication_key.hpp"
#include "tests/catch.hpp"

using namespace pullwire;
using namespace pullwire::republisher;
using nlohmann::json;

namespace {

constexpr std::int64_t kMinute = 60'000'000;

HttpAnswer answer(long status, const std::string& body = "{}") {
  HttpAnswer answer;
  answer.status = status;
  answer.body = body;
  return answer;
}

json status(const std::string& id, const std::string& content,
            const std::string& created_at = "2026-11-23T17:50:00.000Z") {
  return {{"id", id},
          {"url", "https://m.example/@me/" + id},
          {"created_at", created_at},
          {"content", content}};
}

struct MastodonTest {
  MastodonTest() {
    post.post_id = "x:1";
    post.source = "x";
    post.text = "Hello & welcome, @ada <3 #Tag";
    post.url = "https://example.org/posts/1";
    post.lang = "de-AT";
    post.created_at = parse_rfc3339("2026-11-23T17:00:00Z");
    post.ingested_at = *parse_rfc3339("2026-11-23T17:42:00Z");
    now = *parse_rfc3339("2026-11-23T17:43:00Z");
  }

  /// As the server tells it.
  void introduce(const std::string& instance =
                     R"({"configuration": {"statuses": {"max_characters": 500,
                         "characters_reserved_per_url": 23}}})") {
    const auto introduction = mastodon->introduce();
    REQUIRE(introduction);
    CHECK(introduction->begin().url == "https://m.example/api/v2/instance");
    CHECK(std::get<HttpRequest>(introduction->answered(answer(200, instance))).url ==
          "https://m.example/api/v1/accounts/verify_credentials");
    CHECK(
        std::holds_alternative<Published>(introduction->answered(answer(200, R"({"id": "109"})"))));
    CHECK_FALSE(mastodon->introduce());
  }

  static std::string header(const HttpRequest& request, const std::string& name) {
    for (const std::string& header : request.headers) {
      if (header.starts_with(name + ": ")) return header.substr(name.size() + 2);
    }
    return {};
  }
  static std::string said(const HttpRequest& request) {
    return json::parse(request.body)["status"];
  }

  Timestamp now;
  Post post;
  Document document{&post, find_format("text"), "not this\n"};
  std::unique_ptr<Publisher> mastodon = make_mastodon(
      {.base = "https://m.example", .target = "toots", .token = "t0ken", .clock = [this] {
         return now;
       }});
};

const std::string kContent =
    "<p>Hello &amp; welcome, @\xE2\x80\x8C"
    "ada &lt;3 <a href=\"https://m.example/tags/Tag\" class=\"mention hashtag\" "
    "rel=\"tag\">#<span>Tag</span></a></p><p><a href=\"https://example.org/posts/1\" "
    "target=\"_blank\"><span class=\"invisible\">https://</span><span class=\"\">example.org/"
    "posts/1</span><span class=\"invisible\"></span></a></p>";

}  // namespace

TEST_CASE_METHOD(MastodonTest, "a post becomes a status with a key of its own", "[mastodon]") {
  introduce();
  const auto conversation = mastodon->converse(document);
  const HttpRequest request = conversation->begin();
  CHECK(request.method == "POST");
  CHECK(request.url == "https://m.example/api/v1/statuses");
  CHECK(header(request, "Authorization") == "Bearer t0ken");
  CHECK(header(request, "Content-Type") == "application/json");
  CHECK(header(request, "Idempotency-Key") == publication_key(document, "toots"));
  CHECK(json::parse(request.body) == json{{"status",
                                           "Hello & welcome, @\xE2\x80\x8C"
                                           "ada <3 #Tag\n\nhttps://example.org/posts/1"},
                                          {"visibility", "public"},
                                          {"language", "de"}});
  // Again, from another process, after no answer: the same.
  const auto another = mastodon->converse(document);
  CHECK(another->begin().body == request.body);
  CHECK(conversation->begin().headers == request.headers);
  CHECK(std::get<Published>(
            conversation->answered(answer(200, R"({"id": "7", "url": "https://m.example/@me/7"})")))
            .location == "https://m.example/@me/7");
  CHECK(std::get<Published>(conversation->answered(answer(200, R"({"id": "7", "url": null})")))
            .location == "https://m.example/api/v1/statuses/7");
}

TEST_CASE_METHOD(MastodonTest, "a language is told if it has two letters", "[mastodon]") {
  introduce();
  for (const auto& [tag, expected] : std::vector<std::pair<std::string, std::string>>{
           {"pt-BR", "pt"}, {"ZH_hans", "zh"}, {"", ""}, {"und", ""}, {"x", ""}, {"<>", ""}}) {
    post.lang = tag;
    const json body = json::parse(mastodon->converse(document)->begin().body);
    CHECK(body.value("language", "") == expected);
  }
}

TEST_CASE_METHOD(MastodonTest, "the instance says what a status may be", "[mastodon]") {
  std::string text(3000, 'a');
  post.text = text;
  const auto length = [&] { return said(mastodon->converse(document)->begin()).size(); };
  SECTION("as Mastodon does") {
    introduce(R"({"configuration": {"statuses": {"max_characters": 1000}}})");
    CHECK(length() == 1000 - 23 - 2 - 1 + 3 + 2 + 27);  // "…" has three bytes
  }
  SECTION("as others do") {
    introduce(R"({"max_toot_chars": 5000})");
    CHECK(length() == 3000 + 2 + 27);
  }
  SECTION("nonsense") {
    introduce(R"({"configuration": {"statuses": {"max_characters": -1}}, "x": 7})");
    CHECK(length() == 500 - 23 - 2 - 1 + 3 + 2 + 27);
  }
  SECTION("too much, too little") {
    introduce(R"({"configuration": {"statuses": {"max_characters": 0,
                  "characters_reserved_per_url": 99999999999}}})");
    CHECK(length() == 50 - 1 + 3);  // no room for an address
  }
}

TEST_CASE_METHOD(MastodonTest, "a server may know less than Mastodon", "[mastodon]") {
  const auto introduction = mastodon->introduce();
  (void)introduction->begin();
  CHECK(std::get<HttpRequest>(introduction->answered(answer(404))).url ==
        "https://m.example/api/v1/instance");
  CHECK(std::get<HttpRequest>(introduction->answered(answer(404))).url ==
        "https://m.example/api/v1/accounts/verify_credentials");
  CHECK(std::get<TryAgain>(introduction->answered(answer(401, R"({"error": "invalid token"})")))
            .why == "HTTP 401: invalid token");
  CHECK(mastodon->introduce());
  for (const char* body : {"", "[]", "null", R"({"id": 5})", R"({"id": ""})", R"({"id": "../x"})",
                           "{\"id\": \"\xFF\"}"}) {
    (void)introduction->begin();
    (void)introduction->answered(answer(200));
    CHECK(std::holds_alternative<TryAgain>(introduction->answered(answer(200, body))));
  }
  (void)introduction->begin();
  CHECK(std::holds_alternative<TryAgain>(introduction->answered(answer(200, "<html>"))));
}

TEST_CASE_METHOD(MastodonTest, "what may have been published an hour ago is looked for",
                 "[mastodon]") {
  introduce();
  SECTION("replayed") {
    document.replayed = true;
  }
  SECTION("redelivered") {
    document.redelivered = true;
  }
  SECTION("tried long before") {}
  const auto conversation = mastodon->converse(document);
  if (!document.replayed && !document.redelivered) {
    CHECK(conversation->begin().method == "POST");
    now.micros += 49 * kMinute;
    CHECK(conversation->begin().method == "POST");
    now.micros += 2 * kMinute;
  }
  const HttpRequest first = conversation->begin();
  CHECK(first.method == "GET");
  CHECK(first.url ==
        "https://m.example/api/v1/accounts/109/statuses?limit=40&exclude_replies=true&"
        "exclude_reblogs=true");
  const json page{status("93", "<p>Other</p>"), status("92", kContent), status("91", "")};
  CHECK(std::get<HttpRequest>(conversation->answered(answer(200, json{page[0]}.dump()))).url ==
        first.url + "&max_id=93");
  CHECK(std::get<HttpRequest>(conversation->answered(answer(200, json{page[1]}.dump()))).url ==
        first.url + "&max_id=92");
  CHECK(std::get<Published>(conversation->answered(answer(200, "[]"))).location ==
        "https://m.example/@me/92");
}

TEST_CASE_METHOD(MastodonTest, "what is not found is published", "[mastodon]") {
  introduce();
  document.redelivered = true;
  const auto look = [&](const json& page) {
    const auto conversation = mastodon->converse(document);
    (void)conversation->begin();
    return conversation->answered(answer(200, page.dump()));
  };
  SECTION("the account has nothing") {
    CHECK(std::get<HttpRequest>(look(json::array())).method == "POST");
  }
  SECTION("all that could be it is something else") {
    const json page{status("9", "<p>Hello &amp; welcome</p>"),
                    status("8", "<p>other</p>", "2026-11-22T16:59:00Z")};
    const HttpRequest request = std::get<HttpRequest>(look(page));
    CHECK(request.method == "POST");
    CHECK_FALSE(header(request, "Idempotency-Key").empty());
  }
  SECTION("what says the same is older than the post") {
    CHECK(std::get<HttpRequest>(look(json{status("9", kContent, "2026-11-22T16:59:00Z")})).method ==
          "POST");
  }
  SECTION("another address") {
    std::string content = kContent;
    content.replace(content.find("posts/1</span>"), 7, "posts/2");
    CHECK(std::get<HttpRequest>(look(json{status("9", content, "2026-11-23T17:01:00Z"),
                                          status("8", "", "2026-11-20T17:01:00Z")}))
              .method == "POST");
  }
}

TEST_CASE_METHOD(MastodonTest, "pages that are known are not asked for again", "[mastodon]") {
  introduce();
  document.redelivered = true;
  {
    const auto conversation = mastodon->converse(document);
    (void)conversation->begin();
    const json page{status("9", "<p>a</p>"), status("8", "<p>b</p>", "2026-11-20T17:01:00Z")};
    CHECK(std::get<HttpRequest>(conversation->answered(answer(200, page.dump()))).method == "POST");
  }
  post.post_id = "x:2";
  const auto conversation = mastodon->converse(document);
  (void)conversation->begin();
  const json page{status("10", kContent), status("9", "<p>a</p>")};
  CHECK(std::get<Published>(conversation->answered(answer(200, page.dump()))).location ==
        "https://m.example/@me/10");
}

TEST_CASE_METHOD(MastodonTest, "a look back has an end", "[mastodon]") {
  introduce();
  document.redelivered = true;
  post.created_at = {};
  const auto conversation = mastodon->converse(document);
  HttpRequest request = conversation->begin();
  int pages = 0;
  for (int id = 100'000; request.method == "GET"; id -= 40, ++pages) {
    json page = json::array();
    for (int i = 0; i < 40; ++i) page.push_back(status(std::to_string(id - i), "<p>x</p>"));
    request = std::get<HttpRequest>(conversation->answered(answer(200, page.dump())));
  }
  CHECK(pages == 25);
  // Next time what is known is enough.
  const auto another = mastodon->converse(document);
  (void)another->begin();
  const json page{status("100001", "<p>y</p>"), status("100000", "<p>x</p>")};
  CHECK(std::get<HttpRequest>(another->answered(answer(200, page.dump()))).method == "POST");
  // A server that gives the same page again and again.
  MastodonTest fresh;
  fresh.introduce();
  fresh.document.redelivered = true;
  fresh.post.created_at = {};
  const auto same = fresh.mastodon->converse(fresh.document);
  request = same->begin();
  for (pages = 0; request.method == "GET"; ++pages) {
    request = std::get<HttpRequest>(same->answered(answer(200, json{page[0]}.dump())));
  }
  CHECK(pages == 50);
}

TEST_CASE_METHOD(MastodonTest, "an answer that is no page is not taken for one", "[mastodon]") {
  introduce();
  document.redelivered = true;
  const auto conversation = mastodon->converse(document);
  for (const std::string& body :
       std::vector<std::string>{"", "{}", "null", "[7]", "[[]]", R"([{"id": 5}])",
                                R"([{"id": "5"}])", R"([{"id": "5", "created_at": "soon"}])",
                                std::string(100'000, '['), "[" + std::string(1000, '{')}) {
    (void)conversation->begin();
    CHECK(std::holds_alternative<TryAgain>(conversation->answered(answer(200, body))));
  }
  (void)conversation->begin();
  CHECK(std::get<TryAgain>(conversation->answered(answer(403, R"({"error": "no scope"})"))).why ==
        "HTTP 403: no scope");
  (void)conversation->begin();
  CHECK(std::holds_alternative<Anew>(conversation->answered(answer(404))));
  CHECK(mastodon->introduce());
}

TEST_CASE_METHOD(MastodonTest, "what an operator can mend is tried again, the rest is refused",
                 "[mastodon]") {
  introduce();
  const auto conversation = mastodon->converse(document);
  (void)conversation->begin();
  for (const long code : {301, 401, 403, 404, 407}) {
    CHECK(std::holds_alternative<TryAgain>(conversation->answered(answer(code))));
  }
  for (const char* body : {"", "[]", "{}", R"({"id": 7})"}) {
    CHECK(std::holds_alternative<TryAgain>(conversation->answered(answer(200, body))));
  }
  CHECK(std::get<Refused>(conversation->answered(answer(400, R"({"error": "Bad"})"))).why ==
        "HTTP 400: Bad");
  CHECK(std::get<Refused>(conversation->answered(answer(410, "gone"))).why == "HTTP 410: gone");
  CHECK(mastodon->secrets() == std::vector<std::string>{"t0ken"});
  CHECK(mastodon->looks_up());
}

TEST_CASE_METHOD(MastodonTest, "a status that the server finds too long is made shorter once",
                 "[mastodon]") {
  introduce();
  const std::string address = "https://example.org/" + std::string(100, 'a');
  const std::string text = "See " + address + " " + std::string(600, 'b');
  post.text = text;
  const auto conversation = mastodon->converse(document);
  (void)conversation->begin();
  const HttpAnswer too_long = answer(422, R"({"error": "Validation failed: too long"})");
  CHECK(std::holds_alternative<Anew>(conversation->answered(too_long)));
  introduce();
  const HttpRequest first = conversation->begin();
  const HttpRequest shorter = std::get<HttpRequest>(conversation->answered(too_long));
  CHECK(said(shorter).size() + 50 < said(first).size());
  CHECK(std::get<Refused>(conversation->answered(too_long)).why ==
        "HTTP 422: Validation failed: too long");
}

TEST_CASE("nobody is mentioned by a status", "[mastodon]") {
  Post post;
  post.post_id = "x:1";
  post.text = "@ada and (@bob@m.example), a@example.org, https://m.example/@ada @ #x @世";
  const FittedText text = status_text(post, "{text}", kMastodonLimits);
  CHECK(text.text ==
        "@\xE2\x80\x8C"
        "ada and (@\xE2\x80\x8C"
        "bob@m.example), a@example.org, https://m.example/@ada @ #x @世");
  REQUIRE(text.spans.size() == 2);
  for (const TextSpan& span : text.spans) {
    CHECK(text.text.substr(span.begin, span.end - span.begin).ends_with(span.value));
  }
  CHECK(text.graphemes == fit_text(post, "{text}", kMastodonLimits).graphemes);
}
