#include <memory>
#include <random>
#include <set>
#include <string>

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>

#include "republisher/render/plain.hpp"
#include "republisher/render/renderer.hpp"
#include "republisher/render/segments.hpp"
#include "tests/catch.hpp"
#include "tests/unit/republisher/sample_posts.hpp"

using namespace pullwire;
using namespace pullwire::republisher;

namespace {

struct FreeNode {
  void operator()(cmark_node* node) const { cmark_node_free(node); }
};
using Tree = std::unique_ptr<cmark_node, FreeNode>;

Tree parse(const std::string& markdown, bool with_extensions) {
  cmark_gfm_core_extensions_ensure_registered();
  cmark_parser* parser = cmark_parser_new(CMARK_OPT_FOOTNOTES);
  if (with_extensions) {
    for (const char* name : {"autolink", "table", "strikethrough", "tasklist"}) {
      REQUIRE(cmark_parser_attach_syntax_extension(parser, cmark_find_syntax_extension(name)));
    }
  }
  cmark_parser_feed(parser, markdown.data(), markdown.size());
  Tree tree{cmark_parser_finish(parser)};
  cmark_parser_free(parser);
  return tree;
}

/// What a reader sees of the blocks from `block` on, up to a thematic break or the end. Anything
/// but text, line breaks and links whose text is their address shows as its kind in angle brackets.
std::string visible_text(cmark_node* block, std::set<std::string>* links) {
  std::string text;
  for (; block != nullptr && cmark_node_get_type(block) != CMARK_NODE_THEMATIC_BREAK;
       block = cmark_node_next(block)) {
    if (!text.empty()) text += "\n\n";
    cmark_iter* walk = cmark_iter_new(block);
    while (cmark_iter_next(walk) != CMARK_EVENT_DONE) {
      cmark_node* node = cmark_iter_get_node(walk);
      const auto type = cmark_node_get_type(node);
      const bool entering = cmark_iter_get_event_type(walk) == CMARK_EVENT_ENTER;
      if (type == CMARK_NODE_TEXT) {
        text += cmark_node_get_literal(node);
      } else if (type == CMARK_NODE_LINEBREAK) {
        text += '\n';
      } else if (type == CMARK_NODE_LINK) {
        if (entering) links->insert(cmark_node_get_url(node));
      } else if (type != CMARK_NODE_PARAGRAPH) {
        text.append("<").append(cmark_node_get_type_string(node)).append(">");
      }
    }
    cmark_iter_free(walk);
  }
  return text;
}

/// The text with runs of empty lines as one.
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

std::set<std::string> expected_links(std::string_view text) {
  std::set<std::string> links;
  const std::string whole = clean(text);
  for (const Segment& segment : split_segments(whole)) {
    if (segment.kind == SegmentKind::Link) links.emplace(segment.text);
  }
  return links;
}

void check_round_trip(std::string_view text) {
  Post post;
  post.source = "test";
  post.text = text;
  const std::string markdown = render_markdown(post);
  CAPTURE(std::string(text), markdown);
  const Tree tree = parse(markdown, false);
  cmark_node* title = cmark_node_first_child(tree.get());
  REQUIRE(cmark_node_get_type(title) == CMARK_NODE_HEADING);
  std::set<std::string> links;
  CHECK(visible_text(cmark_node_next(title), &links) == expected_text(text));
  CHECK(links == expected_links(text));

  // With GitHub's extensions; they make a link of an e-mail address however it is escaped.
  const Tree extended = parse(markdown, true);
  std::set<std::string> more;
  CHECK(visible_text(cmark_node_next(cmark_node_first_child(extended.get())), &more) ==
        expected_text(text));
  for (const std::string& link : more) {
    CAPTURE(link);
    CHECK((links.count(link) == 1 || link.starts_with("mailto:") || link.starts_with("xmpp:")));
  }
}

}  // namespace

TEST_CASE("a plain post reads well as Markdown source", "[markdown]") {
  CHECK(render_markdown(sample_post()) ==
        "# Ada Lovelace\n\n"
        "@ada, 2026-11-23 17:42 UTC\n\n"
        "The engine weaves #algebraic patterns.\\\n"
        "See [https\\://example.org/notes?a=1\\&b=2](<https://example.org/notes?a=1&amp;b=2>) "
        "(G).\n\n"
        "A. L.\n\n"
        "---\n\n"
        "\\#algebraic\n\n"
        "- image: <https://example.social/media/1.png>: A loom, seen from above\n\n"
        "Original: <https://example.social/@ada/113500>\n");
}

TEST_CASE("Markdown gives a hostile text back as text", "[markdown]") {
  for (const std::string& text : hostile_texts()) check_round_trip(text);
}

TEST_CASE("Markdown gives any mixture of its own syntax back as text", "[markdown]") {
  static const std::vector<std::string> pieces{
      "#",   "-",    "+",    "*",        "=",           "_",     "`",        "~",        "[",
      "]",   "(",    ")",    "<",        ">",           "!",     "\\",       "&",        ";",
      "|",   ":",    "/",    ".",        "1",           "2",     "a",        "w",        " ",
      "  ",  "\t",   "\n",   "\n\n",     "$",           "{",     "}",        "^",        "@",
      "\"",  "'",    "www.", "http://x", "https://y/z", "&amp;", "&#32;",    "---",      "```",
      "~~~", "<!--", "-->",  "[^1]",     "[x]: ",       "<div>", "\xC3\xA9", "\xC2\xA0", "x"};
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  for (int round = 0; round < 1500; ++round) {
    std::string text;
    for (auto left = random() % 25; left > 0; --left) text += pieces[random() % pieces.size()];
    check_round_trip(text);
  }
}

TEST_CASE("no field of a hostile post becomes HTML, an image or a strange link", "[markdown]") {
  for (const std::string& text : hostile_texts()) {
    const std::string markdown = render_markdown(hostile_post(text));
    CAPTURE(text, markdown);
    const Tree tree = parse(markdown, true);
    cmark_iter* walk = cmark_iter_new(tree.get());
    std::size_t headings = 0;
    while (cmark_iter_next(walk) != CMARK_EVENT_DONE) {
      if (cmark_iter_get_event_type(walk) != CMARK_EVENT_ENTER) continue;
      cmark_node* node = cmark_iter_get_node(walk);
      const auto type = cmark_node_get_type(node);
      CHECK(type != CMARK_NODE_HTML_BLOCK);
      CHECK(type != CMARK_NODE_HTML_INLINE);
      CHECK(type != CMARK_NODE_IMAGE);
      CHECK(type != CMARK_NODE_CODE_BLOCK);
      CHECK(type != CMARK_NODE_CODE);
      headings += type == CMARK_NODE_HEADING ? 1 : 0;
      if (type == CMARK_NODE_LINK) {
        const std::string url = cmark_node_get_url(node);
        CHECK((is_web_url(url) || url.starts_with("mailto:") || url.starts_with("xmpp:")));
      }
    }
    cmark_iter_free(walk);
    CHECK(headings == 1);
  }
}
