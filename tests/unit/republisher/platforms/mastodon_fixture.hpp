// A server of Mastodon in words, and a post for it.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "republisher/platforms/mastodon.hpp"
#include "tests/catch.hpp"

namespace pullwire::republisher {

inline HttpAnswer answer(long status, const std::string& body = "{}") {
  HttpAnswer answer;
  answer.status = status;
  answer.body = body;
  return answer;
}

inline nlohmann::json status(const std::string& id, const std::string& content,
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
    return nlohmann::json::parse(request.body)["status"];
  }

  Post post;
  Document document{&post, find_format("text"), "not this\n"};
  std::unique_ptr<Publisher> mastodon =
      make_mastodon({.base = "https://m.example", .target = "toots", .token = "t0ken"});
};

inline const std::string kContent =
    "<p>Hello &amp; welcome, @\xE2\x80\x8C"
    "ada &lt;3 <a href=\"https://m.example/tags/Tag\" class=\"mention hashtag\" "
    "rel=\"tag\">#<span>Tag</span></a></p><p><a href=\"https://example.org/posts/1\" "
    "target=\"_blank\"><span class=\"invisible\">https://</span><span class=\"\">example.org/"
    "posts/1</span><span class=\"invisible\"></span></a></p>";

}  // namespace pullwire::republisher
