#include "republisher/platforms/wordpress.hpp"

#include <string>
#include <variant>

#include <nlohmann/json.hpp>

#include "republisher/platforms/wordpress_entry.hpp"
#include "tests/catch.hpp"
#include "tests/unit/republisher/sample_posts.hpp"

using namespace pullwire;
using namespace pullwire::republisher;
using nlohmann::json;

namespace {

const std::string kApi = "https://w.example/wp-json/wp/v2/";
const std::string kSlug = "the-engine-weaves-algebraic-patterns-";

struct WordpressTest {
  static HttpAnswer answer(long status, std::string body) {
    HttpAnswer answer;
    answer.status = status;
    answer.body = std::move(body);
    return answer;
  }
  static HttpRequest request(Step step) {
    INFO(step.index());
    REQUIRE(std::holds_alternative<HttpRequest>(step));
    return std::get<HttpRequest>(std::move(step));
  }
  static std::string again(Step step) { return std::get<TryAgain>(step).why; }
  static std::string refused(Step step) { return std::get<Refused>(step).why; }
  static std::string published(Step step) { return std::get<Published>(step).location; }

  void make(std::string_view format, bool has_files) {
    wordpress = make_wordpress({.site = "https://w.example/",
                                .target = "w",
                                .authorization = "Basic eA==",
                                .status = "draft",
                                .has_posts = true,
                                .has_files = has_files});
    document.format = find_format(format);
    talk = wordpress->converse(document);
  }
  std::string made(std::uint64_t id, const std::string& end = "") const {
    return json{{"id", id},
                {"link", "https://w.example/?p=" + std::to_string(id)},
                {"slug", slug + end},
                {"content", {{"raw", "<p>text</p>"}}}}
        .dump();
  }
  std::string stored(std::uint64_t id, std::uint64_t parent) const {
    return json{{"id", id},
                {"source_url", "https://w.example/f.pdf"},
                {"slug", slug + "-pdf"},
                {"post", parent == 0 ? json{} : json(parent)}}
        .dump();
  }

  const Post post = sample_post();
  const std::string slug = wordpress_slug(post, "w");
  Document document{&post, nullptr, "%PDF"};
  std::unique_ptr<Publisher> wordpress;
  std::unique_ptr<Conversation> talk;
};

}  // namespace

TEST_CASE_METHOD(WordpressTest, "a post gets its tags first, and is made once", "[wordpress]") {
  make("html", false);
  CHECK(wordpress->looks_up());
  const HttpRequest tag = talk->begin();
  CHECK(tag.url == kApi + "tags?_fields=id");
  CHECK(json::parse(tag.body) == json{{"name", "algebraic"}});
  const HttpRequest create = request(talk->answered(answer(201, R"({"id":7})")));
  CHECK(create.method == "POST");
  CHECK(create.once);
  CHECK(create.url == kApi + "posts?_fields=slug,id,link");
  CHECK(create.headers ==
        std::vector<std::string>{"Authorization: Basic eA==", "Content-Type: application/json"});
  const json body = json::parse(create.body);
  CHECK(body["title"] == "The engine weaves #algebraic patterns.");
  CHECK(body["slug"] == slug);
  CHECK(body["status"] == "draft");
  CHECK(body["date_gmt"] == "2026-11-23T17:42:55");
  CHECK(body["tags"] == json{7});
  CHECK(published(talk->answered(answer(201, made(5)))) == "https://w.example/?p=5");
  // The tag is known now.
  CHECK(wordpress->converse(document)->begin().url == create.url);
}

TEST_CASE_METHOD(WordpressTest, "what may have been made before is looked for first",
                 "[wordpress]") {
  make("html", false);
  const std::string looked = kApi +
                             "posts?context=edit&status=any,trash&_fields=id,link&slug=" + slug +
                             "," + slug + "__trashed";
  CHECK(talk->begin().method == "POST");
  CHECK(talk->begin().url == looked);  // the first attempt's end is not known
  CHECK(published(talk->answered(answer(200, "[" + made(5) + "]"))) == "https://w.example/?p=5");
  for (bool Document::*before : {&Document::redelivered, &Document::replayed}) {
    Document again = document;
    again.*before = true;
    const auto another = wordpress->converse(again);
    CHECK(another->begin().url == looked);
    CHECK(request(another->answered(answer(200, "[]"))).method == "POST");
  }
}

TEST_CASE_METHOD(WordpressTest, "a tag that is there is taken, one that cannot be is left out",
                 "[wordpress]") {
  const std::string exists = R"({"code":"term_exists","message":"m","data":{"term_id":3}})";
  for (const auto& [status, body, tags] :
       {std::tuple{400L, exists, json{3}},
        std::tuple{400L, std::string{R"({"code":"empty_term_name"})"}, json::array()},
        std::tuple{403L, std::string{R"({"code":"rest_cannot_create"})"}, json::array()}}) {
    make("html", false);
    (void)talk->begin();
    const HttpRequest create = request(talk->answered(answer(status, body)));
    CHECK(json::parse(create.body)["tags"] == tags);
  }
  make("html", false);
  (void)talk->begin();
  CHECK(again(talk->answered(answer(201, "Notice: x")))
            .starts_with("an answer that is not WordPress's: HTTP 201"));
}

TEST_CASE_METHOD(WordpressTest, "a file is uploaded, and linked where the post is", "[wordpress]") {
  make("pdf", true);
  const HttpRequest upload = talk->begin();
  CHECK(upload.once);
  CHECK(upload.url == kApi + "media?_fields=id,source_url,post,slug&slug=" + slug +
                          "-pdf&title=The%20engine%20weaves%20%23algebraic%20patterns.");
  CHECK(upload.headers ==
        std::vector<std::string>{
            "Authorization: Basic eA==", "Content-Type: application/pdf",
            "Content-Disposition: attachment; filename=\"" + slug + "-pdf.pdf\""});
  CHECK(upload.body == "%PDF");
  const HttpRequest look = request(talk->answered(answer(201, stored(9, 0))));
  CHECK(look.method == "GET");
  CHECK(look.url == kApi + "posts?context=edit&status=any,trash&_fields=id,link,content.raw&slug=" +
                        slug + "," + slug + "__trashed");
  const HttpRequest link = request(talk->answered(answer(200, "[" + made(5) + "]")));
  CHECK(link.url == kApi + "posts/5?_fields=id");
  const std::string content = json::parse(link.body)["content"];
  CHECK(content.starts_with("<p>text</p>"));
  CHECK(content.find("href=\"https://w.example/f.pdf\"") != std::string::npos);
  const HttpRequest attach = request(talk->answered(answer(200, R"({"id":5})")));
  CHECK(attach.url == kApi + "media/9?_fields=id");
  CHECK(json::parse(attach.body) == json{{"post", 5}});
  CHECK(published(talk->answered(answer(200, R"({"id":9})"))) == "https://w.example/f.pdf");
}

TEST_CASE_METHOD(WordpressTest, "whoever comes first finds nobody, and who finds all done is done",
                 "[wordpress]") {
  make("pdf", true);
  (void)talk->begin();
  (void)talk->answered(answer(201, stored(9, 0)));
  CHECK(published(talk->answered(answer(200, "[]"))) == "https://w.example/f.pdf");

  make("html", true);
  (void)talk->begin();
  (void)talk->answered(answer(201, R"({"id":7})"));
  const HttpRequest look = request(talk->answered(answer(201, made(5))));
  CHECK(look.url == kApi + "media?context=edit&_fields=id,source_url,post&slug=" + slug + "-pdf");
  CHECK(request(talk->answered(answer(200, "[" + stored(9, 5) + "]"))).url ==
        kApi + "posts/5?_fields=id");
  CHECK(published(talk->answered(answer(200, "{}"))) == "https://w.example/?p=5");

  json linked = json::parse(made(5));
  linked["content"]["raw"] = "<p>text</p>" + wordpress_file_link("https://w.example/f.pdf");
  (void)talk->begin();
  (void)talk->answered(answer(200, json::array({linked}).dump()));
  CHECK(published(talk->answered(answer(200, "[" + stored(9, 5) + "]"))) ==
        "https://w.example/?p=5");
}

TEST_CASE_METHOD(WordpressTest, "a second that was made by mistake is removed", "[wordpress]") {
  make("html", false);
  (void)talk->begin();
  (void)talk->answered(answer(201, R"({"id":7})"));
  CHECK(request(talk->answered(answer(201, made(6, "-2")))).method == "GET");
  const HttpRequest remove = request(talk->answered(answer(200, "[" + made(5) + "]")));
  CHECK(remove.method == "DELETE");
  CHECK(remove.url == kApi + "posts/6?force=true&_fields=id");
  CHECK(published(talk->answered(answer(200, "{}"))) == "https://w.example/?p=5");
}

TEST_CASE_METHOD(WordpressTest, "a second is not forgotten when an answer is lost", "[wordpress]") {
  make("html", false);
  (void)talk->begin();
  (void)talk->answered(answer(201, R"({"id":7})"));
  const HttpRequest look = request(talk->answered(answer(201, made(6, "-2"))));
  SECTION("a first is there") {
    CHECK(talk->begin().url == look.url);
    const HttpRequest remove = request(talk->answered(answer(200, "[" + made(5) + "]")));
    CHECK(remove.method == "DELETE");
    CHECK(talk->begin().url == look.url);
    const HttpRequest again = request(talk->answered(answer(200, "[" + made(5) + "]")));
    CHECK(again.method == "DELETE");
    CHECK(again.url == remove.url);
    CHECK(published(talk->answered(answer(404, "{}"))) == "https://w.example/?p=5");
  }
  SECTION("there is none: no third is made") {
    CHECK(talk->begin().url == look.url);
    CHECK(published(talk->answered(answer(200, "[]"))) == "https://w.example/?p=6");
  }
}

TEST_CASE_METHOD(WordpressTest, "what an operator can mend is tried again, a bad post is not",
                 "[wordpress]") {
  const auto created = [&](long status, const std::string& body) {
    make("html", false);
    (void)talk->begin();
    (void)talk->answered(answer(201, R"({"id":7})"));
    return talk->answered(answer(status, body));
  };
  CHECK(again(created(401, R"({"code":"incorrect_password","message":"No."})")) ==
        "HTTP 401: incorrect_password: No.");
  CHECK(again(created(403, "<html>")) == "HTTP 403: <html>");
  CHECK(again(created(404, R"({"code":"rest_no_route","message":"No route"})")) ==
        "no WordPress REST API there (HTTP 404)");
  CHECK(again(created(404, "<html>")) == "no WordPress REST API there (HTTP 404)");
  CHECK(again(created(301, "")) == "HTTP 301");
  CHECK(again(created(405, "<html>Not Allowed")) == "HTTP 405: <html>Not Allowed");
  CHECK(refused(created(413, "<html>Too large")) == "HTTP 413: <html>Too large");
  CHECK(refused(created(400, R"({"code":"rest_invalid_param","message":"Invalid: x"})")) ==
        "HTTP 400: rest_invalid_param: Invalid: x");
  for (const std::string body :
       {"", "[]", "5", "{}", "Notice: x {}", R"({"id":-1,"link":"https://w.example/"})",
        R"({"id":5,"link":"javascript:x"})", R"({"id":"5","link":7})"}) {
    CHECK(again(created(201, body)).starts_with("an answer that is not WordPress's"));
  }
  make("html", false);
  document.redelivered = true;
  (void)talk->begin();
  CHECK(again(talk->answered(answer(400, R"({"code":"rest_invalid_param","message":"m"})"))) ==
        "HTTP 400: rest_invalid_param: m");
  (void)talk->begin();
  CHECK(again(talk->answered(answer(200, "{}"))).starts_with("an answer that is not"));
}

TEST_CASE("a slug is nothing that WordPress would change", "[wordpress]") {
  for (const std::string& text : hostile_texts()) {
    const Post post = hostile_post(text);
    const std::string slug = wordpress_slug(post, "w");
    INFO(slug);
    CHECK(slug.size() <= 100);
    CHECK(slug.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos);
    CHECK(slug.find("--") == std::string::npos);
    CHECK(slug.front() != '-');
    CHECK_FALSE(wordpress_title(post).empty());
  }
  Post post = sample_post();
  CHECK(wordpress_slug(post, "w").starts_with(kSlug));
  CHECK(wordpress_slug(post, "w").size() == kSlug.size() + 16);
  CHECK(wordpress_slug(post, "w") != wordpress_slug(post, "v"));
  post.text = "Ärger über https://example.org/x-y";
  CHECK(wordpress_slug(post, "w").starts_with("post-"));
}

TEST_CASE("a post's text cannot command WordPress", "[wordpress]") {
  for (const std::string text : {"[gallery ids=1] <b>", "[caption]<script>x</script>[/caption]",
                                 "<!-- /wp:html --> <!-- wp:latest-posts /-->"}) {
    const Post post = hostile_post(text);
    const std::string content = wordpress_content(post);
    CHECK(content.find('[') == std::string::npos);
    CHECK(content.find("<b>") == std::string::npos);
    CHECK(content.find("<script") == std::string::npos);
    CHECK(content.find("<!--", 5) == content.rfind("<!-- /wp:html -->"));
    CHECK(wordpress_title(post).find('<') == std::string::npos);
  }
  const std::string content = wordpress_content(sample_post());
  CHECK(content.find("<p dir=\"auto\">The engine weaves") != std::string::npos);
  CHECK(content.find("Ada Lovelace</bdi> <bdi class=\"handle\">@ada</bdi> · <a href=\"https://"
                     "example.social/@ada/113500\"") != std::string::npos);
  CHECK(content.find("<html") == std::string::npos);
}

TEST_CASE("at most ten hashtags are tags, each once", "[wordpress]") {
  Post post;
  post.hashtags = {"Rust", "rust", "c", "日本", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8"};
  CHECK(wordpress_tags(post) ==
        std::vector<std::string>{"Rust", "c", "日本", "a1", "a2", "a3", "a4", "a5", "a6", "a7"});
}
