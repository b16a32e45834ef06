#include <nlohmann/json.hpp>

#include "republisher/render/plain.hpp"
#include "republisher/render/renderer.hpp"
#include "tests/catch.hpp"
#include "tests/unit/republisher/sample_posts.hpp"

using namespace pullwire;
using namespace pullwire::republisher;

TEST_CASE("plain text has a head, the text, hashtags and attachments", "[text]") {
  CHECK(render_text(sample_post()) ==
        "Ada Lovelace (@ada)\n"
        "2026-11-23 17:42 UTC\n"
        "https://example.social/@ada/113500\n\n"
        "The engine weaves #algebraic patterns.\n"
        "See https://example.org/notes?a=1&b=2 (G).\n\n"
        "A. L.\n\n"
        "#algebraic\n\n"
        "[image] https://example.social/media/1.png\n"
        "A loom, seen from above\n");
}

TEST_CASE("plain text holds no control characters", "[text]") {
  for (const std::string& text : hostile_texts()) {
    const std::string document = render_text(hostile_post(text));
    CAPTURE(text, document);
    CHECK(document == clean(document));
    CHECK(document.find(clean(text)) != std::string::npos);
    CHECK(document.ends_with("\n"));
  }
}

TEST_CASE("an author's name cannot add a line to the head", "[text]") {
  Post post = sample_post();
  post.author_name = "Ada\nhttps://evil.example/";
  CHECK(render_text(post).starts_with("Ada https://evil.example/ (@ada)\n2026-"));
}

TEST_CASE("JSON holds every field but when the post was read", "[json]") {
  const Post post = sample_post();
  const std::string document = render_json(post);
  const auto json = nlohmann::ordered_json::parse(document);
  CHECK(json["post_id"] == post.post_id);
  CHECK(json["source"] == post.source);
  CHECK(json["author"] == post.author);
  CHECK(json["author_name"] == post.author_name);
  CHECK(json["created_at"] == "2026-11-23T17:42:55.123456Z");
  CHECK(json["lang"] == post.lang);
  CHECK(json["url"] == post.url);
  CHECK(json["text"] == post.text);
  CHECK(json["hashtags"] == nlohmann::json{"algebraic"});
  CHECK(json["media"][0]["alt"] == post.media[0].alt);
  CHECK(json.size() == 10);
  CHECK(document.ends_with("}\n"));
}

TEST_CASE("JSON has a post's HTML where there is one", "[json]") {
  Post post = sample_post();
  post.html = "<p>a &amp; \"b\"</p>";
  const auto json = nlohmann::ordered_json::parse(render_json(post));
  CHECK(json["html"] == post.html);
  CHECK(json["text"] == post.text);
  CHECK(json.size() == 11);
}

TEST_CASE("JSON takes any bytes and gives valid JSON", "[json]") {
  for (const std::string& text : hostile_texts()) {
    const auto json = nlohmann::json::parse(render_json(hostile_post(text)));
    if (clean(text) == text) CHECK(json["text"] == text);
    CHECK(json["created_at"].is_null());
  }
}
