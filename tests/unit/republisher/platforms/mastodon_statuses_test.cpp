#include "republisher/platforms/mastodon_statuses.hpp"

#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/catch.hpp"
#include "tests/sanitized.hpp"
#include "tests/unit/republisher/platforms/mastodon_fixture.hpp"

using namespace pullwire;
using namespace pullwire::republisher;
using nlohmann::json;

namespace {

/// Quadratic work takes many times as long.
constexpr std::chrono::seconds kMoment{pullwire::tests::kSanitized ? 10 : 1};

}  // namespace

TEST_CASE("a status says what its text said, whatever servers make of it", "[mastodon]") {
  const auto text =
      essence_of_text("a <b> & \"c\" 'd'\n\n#tag https://example.org/x?y=1&z=2 caf\u00e9");
  REQUIRE(text);
  for (const char* html :
       {"<p>a &lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;</p><p>#tag "
        "https://example.org/x?y=1&amp;z=2 "
        "caf\u00e9</p>",
        "a &lt;b&gt; &#x26; \"c\"&nbsp;'d'<br><br/><a "
        "href=\"https://m.example/tags/tag\">#<span>tag"
        "</span></a> <a href=\"https://example.org/x?y=1&amp;z=2\"><span>https://</span>"
        "<span>example.org/x?y=1</span><span>&amp;z=2</span></a> cafe\u0301\u200b"}) {
    CHECK(essence_of_html(html) == text);
  }
  for (const char* html :
       {"<p>a &lt;b&gt;</p>", "", "&amp;amp;", "&unknown; &#xFFFFFFFFF; &", "<"}) {
    CHECK(essence_of_html(html) != text);
  }
  CHECK(essence_of_text("see 1") != essence_of_text("see 2"));
  CHECK(essence_of_text("is it?") != essence_of_text("is it!"));
  // Nothing is nobody's.
  CHECK_FALSE(essence_of_html("<p> <br/>&nbsp;</p>"));
  CHECK_FALSE(essence_of_text("\u200b \n"));
}

TEST_CASE("of a status no more is kept than it needs", "[mastodon]") {
  json page{status("9", kContent)};
  page[0]["url"] = "https://m.example/" + std::string(2048, 'a');
  const auto read = read_statuses(page.dump());
  REQUIRE(read);
  CHECK(read->front().url.empty());
  page[0]["id"] = std::string(65, '9');
  CHECK_FALSE(read_statuses(page.dump()));
}

TEST_CASE("a large answer is read, or not, in a moment", "[mastodon]") {
  std::string wide = "[{}";
  while (wide.size() < 500'000) wide += ",{}";
  const auto begin = std::chrono::steady_clock::now();
  CHECK_FALSE(read_statuses(wide + "]"));
  CHECK_FALSE(read_statuses(std::string(500'000, '[') + std::string(500'000, ']')));
  CHECK(std::chrono::steady_clock::now() - begin < kMoment);
}

TEST_CASE("what a text says is found out in a moment, however many marks it has", "[mastodon]") {
  std::string text = "a";
  for (int i = 0; i < 12'000; ++i) text += "\u0301";
  for (int i = 0; i < 12'000; ++i) text += "\u0316";
  const auto begin = std::chrono::steady_clock::now();
  CHECK(essence_of_text(text) == essence_of_html("<p>a\n" + text.substr(1) + "</p>"));
  CHECK(std::chrono::steady_clock::now() - begin < kMoment);
}

TEST_CASE_METHOD(MastodonTest, "what may have been published before is looked for", "[mastodon]") {
  introduce();
  SECTION("replayed") {
    document.replayed = true;
  }
  SECTION("redelivered") {
    document.redelivered = true;
  }
  SECTION("tried before") {}
  const auto conversation = mastodon->converse(document);
  if (!document.replayed && !document.redelivered) {
    CHECK(conversation->begin().method == "POST");
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

TEST_CASE_METHOD(MastodonTest, "what a server has refused is not looked for", "[mastodon]") {
  introduce();
  const auto conversation = mastodon->converse(document);
  (void)conversation->begin();
  CHECK(std::holds_alternative<TryAgain>(conversation->answered(answer(401))));
  CHECK(conversation->begin().method == "POST");
  CHECK(std::holds_alternative<TryAgain>(conversation->answered(answer(200, "<html>"))));
  CHECK(conversation->begin().method == "GET");
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
