#include <set>
#include <string>

#include <pugixml.hpp>

#include "republisher/render/plain.hpp"
#include "republisher/render/renderer.hpp"
#include "republisher/render/segments.hpp"
#include "tests/catch.hpp"
#include "tests/unit/republisher/sample_posts.hpp"

using namespace pullwire;
using namespace pullwire::republisher;

namespace {

/// Strict: the renderer's HTML is well-formed XML as well.
pugi::xml_document parse(const std::string& html) {
  pugi::xml_document document;
  const auto result = document.load_buffer(
      html.data(), html.size(), pugi::parse_default | pugi::parse_ws_pcdata, pugi::encoding_utf8);
  INFO(result.description() << " at " << result.offset << " of " << html);
  REQUIRE(result);
  return document;
}

/// What a reader sees of the paragraphs: <br> is a line break, a paragraph's end an empty line.
std::string visible_text(const pugi::xml_node& article) {
  std::string text;
  for (const pugi::xml_node paragraph : article.children("p")) {
    if (!text.empty()) text += "\n\n";
    struct Walker : pugi::xml_tree_walker {
      bool for_each(pugi::xml_node& node) override {
        if (node.type() == pugi::node_pcdata) *out += node.value();
        if (std::string_view(node.name()) == "br") *out += '\n';
        return true;
      }
      std::string* out = nullptr;
    } walker;
    walker.out = &text;
    pugi::xml_node(paragraph).traverse(walker);
  }
  return text;
}

std::string expected_text(std::string_view text) {
  std::string expected;
  bool gap = false;
  const std::string whole = clean(text);
  for (const std::string_view line : split_lines(whole)) {
    if (line.find_first_not_of(" \t") == std::string_view::npos) {
      gap = true;
      continue;
    }
    if (!expected.empty()) expected += gap ? "\n\n" : "\n";
    gap = false;
    expected += line;
  }
  return expected;
}

}  // namespace

TEST_CASE("a page shows author, date, text, attachments and where the post is from", "[html]") {
  const std::string html = render_html(sample_post());
  CHECK(html.starts_with("<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\""));
  const auto page = parse(html);
  const auto article = page.child("html").child("body").child("main").child("article");
  CHECK(std::string(article.child("header").child("bdi").text().get()) == "Ada Lovelace");
  const auto time = article.child("header").child("time");
  CHECK(std::string(time.attribute("datetime").value()) == "2026-11-23T17:42:55Z");
  CHECK(std::string(time.text().get()) == "2026-11-23 17:42 UTC");
  CHECK(visible_text(article) == sample_post().text);
  CHECK(std::string(article.child("p").child("a").attribute("href").value()) ==
        "https://example.org/notes?a=1&b=2");
  CHECK(std::string(article.child("p").child("span").text().get()) == "#algebraic");
  CHECK(std::string(article.child("p").attribute("dir").value()) == "auto");
  CHECK(html.find("A loom, seen from above") != std::string::npos);
  CHECK(std::string(article.child("footer").child("a").attribute("href").value()) ==
        sample_post().url);
}

TEST_CASE("a hostile post is text and nothing else", "[html]") {
  static const std::set<std::string> known{
      "html", "head", "meta", "title", "style", "body", "main", "article", "header", "bdi",
      "time", "p",    "br",   "a",     "span",  "ul",   "li",   "div",     "footer"};
  for (const std::string& text : hostile_texts()) {
    const std::string html = render_html(hostile_post(text));
    CAPTURE(text, html);
    auto page = parse(html);
    struct Walker : pugi::xml_tree_walker {
      bool for_each(pugi::xml_node& node) override {
        if (node.type() == pugi::node_element) CHECK(known.count(node.name()) == 1);
        for (const pugi::xml_attribute attribute : node.attributes()) {
          CHECK_FALSE(std::string_view(attribute.name()).starts_with("on"));
          if (std::string_view(attribute.name()) == "href") CHECK(is_web_url(attribute.value()));
        }
        return true;
      }
    } walker;
    page.traverse(walker);
    CHECK(visible_text(page.child("html").child("body").child("main").child("article")) ==
          expected_text(text));
    for (const char c : html) {
      const auto byte = static_cast<unsigned char>(c);
      CHECK((byte >= 0x20 || c == '\n' || c == '\t'));
    }
  }
}

TEST_CASE("no element but a void one is closed by a slash", "[html]") {
  for (const std::string& text : {std::string{}, std::string{"x"}}) {
    const std::string html = render_html(hostile_post(text));
    for (std::size_t at = html.find("/>"); at != std::string::npos; at = html.find("/>", at + 1)) {
      const std::string tag = html.substr(html.rfind('<', at), 5);
      CAPTURE(html);
      CHECK((tag == "<meta" || tag == "<br /" || tag == "<br/>"));
    }
  }
}

TEST_CASE("a page forbids scripts and everything from elsewhere", "[html]") {
  const std::string html = render_html(sample_post());
  CHECK(html.find("default-src 'none'") != std::string::npos);
  CHECK(html.find("<script") == std::string::npos);
  CHECK(html.find(" src=") == std::string::npos);
  CHECK(html.find(" style=") == std::string::npos);
}

TEST_CASE("a page shows a post's HTML in place of its text", "[html]") {
  Post post = sample_post();
  post.html = "a &lt;b <em>c</em><p>d<br/>e</p><ul><li>f</li></ul>";
  const std::string html = render_html(post);
  const auto page = parse(html);
  const auto article = page.child("html").child("body").child("main").child("article");
  const auto body = article.child("div");
  CHECK(std::string(body.attribute("class").value()) == "body");
  CHECK(html.find("a &lt;b <em>c</em><p>d<br/>e</p><ul><li>f</li></ul></div>") !=
        std::string::npos);
  CHECK_FALSE(article.child("p"));
  CHECK(article.child("footer"));
  CHECK(html.find("engine weaves") < html.find("<article"));  // in the title alone
  CHECK(html.find("engine weaves", html.find("<article")) == std::string::npos);
  CHECK(std::string(page.child("html").child("head").child("style").text().get()).find(".body") !=
        std::string::npos);
}

TEST_CASE("an element that is empty has an end tag", "[html]") {
  Post post = sample_post();
  post.html = "<p></p><b/><hr/>x<!-- y --><?z?>";
  CHECK(render_html(post).find("<p></p><b></b><hr/>x</div>") != std::string::npos);
}

TEST_CASE("HTML that is not well-formed gives way to the text", "[html]") {
  const std::string expected = render_html(sample_post());
  for (const char* html : {"<p>a", "a</p>", "<p><b>a</p></b>", "<p a=b>c</p>", "<"}) {
    Post post = sample_post();
    post.html = html;
    CAPTURE(html);
    CHECK(render_html(post) == expected);
  }
}

TEST_CASE("only HTML and JSON have a post's HTML", "[html]") {
  Post post = sample_post();
  post.html = "<p>other</p>";
  CHECK(render_text(post) == render_text(sample_post()));
  CHECK(render_markdown(post) == render_markdown(sample_post()));
  CHECK(render_html(post).find("other") != std::string::npos);
}

TEST_CASE("documents do not depend on when the post was read", "[html]") {
  Post earlier = sample_post();
  Post later = sample_post();
  later.ingested_at.micros += 12'345;
  for (const Format& format : formats()) {
    if (format.name == "pdf") continue;
    CAPTURE(format.name);
    CHECK(format.render(earlier) == format.render(later));
    CHECK(find_format(format.name) == &format);
  }
  CHECK(find_format("docx") == nullptr);
}

TEST_CASE("an author whose handle is the name is named once in every format", "[html]") {
  Post post = sample_post();
  post.author = post.author_name = "Ada Lindqvist";
  for (const Format& format : formats()) {
    if (format.name == "pdf" || format.name == "json") continue;
    CAPTURE(format.name);
    const std::string document = format.render(post);
    CHECK(document.find("Ada Lindqvist") != std::string::npos);
    CHECK(document.find("@Ada Lindqvist") == std::string::npos);
  }
}
