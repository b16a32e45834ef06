#include "republisher/platforms/mastodon.hpp"

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "republisher/platforms/publication_key.hpp"
#include "tests/catch.hpp"
#include "tests/unit/republisher/platforms/mastodon_fixture.hpp"

using namespace pullwire;
using namespace pullwire::republisher;
using nlohmann::json;

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
  const HttpRequest same = another->begin();
  CHECK(same.body == request.body);
  CHECK(same.headers == request.headers);
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
  CHECK(std::get<TryAgain>(conversation->answered(answer(405, "nginx"))).why == "HTTP 405: nginx");
  CHECK(std::get<Refused>(conversation->answered(answer(413, "large"))).why == "HTTP 413: large");
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
  // Servers look for them in addresses, too.
  post.text = "https://e.example/-@ada?to=@bob&@eve@m.example#@ https://u@e.example/@ada";
  post.url = "https://e.example/.@ada";
  const std::string quiet =
      "https://e.example/-%40ada?to=%40bob&%40eve@m.example#@ https://u@e.example/@ada";
  CHECK(status_text(post, "{text}\n{url}", kMastodonLimits).text ==
        quiet + "\nhttps://e.example/.%40ada");
  post.url = "https://e.example/-@ada?to=@bob&@eve@m.example#@";
  CHECK(status_text(post, "{text}\n{url}", kMastodonLimits).text == quiet);
}
