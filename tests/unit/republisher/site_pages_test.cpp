#include "republisher/publish/site_pages.hpp"

#include <regex>
#include <set>
#include <string>
#include <vector>

#include <pugixml.hpp>

#include "republisher/render/plain.hpp"
#include "republisher/render/segments.hpp"
#include "tests/catch.hpp"
#include "tests/unit/republisher/sample_posts.hpp"

using namespace pullwire;
using namespace pullwire::republisher;

namespace {

constexpr Timestamp kNow{1'795'456'000'000'000};

Listing listing_of(const Post& post) {
  Listing listing = from_details(post_key(post.post_id), to_details(post, kNow));
  listing.files = {{"html", "text/html", document_path(listing.key, "html")},
                   {"text", "text/plain", document_path(listing.key, "txt")}};
  return listing;
}

std::vector<Listing> hostile_listings() {
  std::vector<Listing> listings;
  for (const std::string& text : hostile_texts())
    listings.push_back(listing_of(hostile_post(text)));
  return listings;
}

pugi::xml_document parse(const std::string& text) {
  pugi::xml_document document;
  const auto result = document.load_buffer(
      text.data(), text.size(), pugi::parse_default | pugi::parse_ws_pcdata, pugi::encoding_utf8);
  INFO(result.description() << " at " << result.offset);
  REQUIRE(result);
  return document;
}

/// The rules of RFC 4287 that concern what this feed uses.
void check_feed(const std::string& text) {
  CAPTURE(text);
  CHECK(clean(text) == text);
  const auto document = parse(text);
  const auto feed = document.child("feed");
  REQUIRE(std::string(feed.attribute("xmlns").value()) == "http://www.w3.org/2005/Atom");
  const std::regex date{R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)"};
  const std::regex urn{R"(urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})"};
  const auto only = [](const pugi::xml_node& node, const char* name) {
    const auto children = node.children(name);
    CAPTURE(name);
    CHECK(std::distance(children.begin(), children.end()) == 1);
    return std::string(node.child(name).text().get());
  };
  CHECK(std::regex_match(only(feed, "id"), urn));
  CHECK(std::regex_match(only(feed, "updated"), date));
  CHECK_FALSE(only(feed, "title").empty());
  CHECK(feed.find_child_by_attribute("link", "rel", "self"));
  std::set<std::string> ids;
  for (const auto entry : feed.children("entry")) {
    const std::string id = only(entry, "id");
    CHECK(std::regex_match(id, urn));
    CHECK(ids.insert(id).second);
    CHECK(std::regex_match(only(entry, "updated"), date));
    CHECK_FALSE(only(entry, "title").empty());
    CHECK_FALSE(std::string(entry.child("author").child("name").text().get()).empty());
    std::set<std::string> types;
    for (const auto link : entry.children("link")) {
      if (std::string_view(link.attribute("rel").value()) == "alternate") {
        CHECK(types.insert(link.attribute("type").value()).second);
        CHECK(std::string_view(link.attribute("href").value()).starts_with("posts/"));
      } else {
        CHECK(is_web_url(link.attribute("href").value()));
      }
    }
    CHECK_FALSE(types.empty());
    for (const auto category : entry.children("category")) {
      CHECK_FALSE(std::string(category.attribute("term").value()).empty());
    }
    // What the content says, once unescaped, is HTML of paragraphs and links alone.
    CHECK(std::string(entry.child("content").attribute("type").value()) == "html");
    const auto content = parse("<div>" + only(entry, "content") + "</div>");
    struct Walker : pugi::xml_tree_walker {
      bool for_each(pugi::xml_node& node) override {
        const std::string_view name = node.name();
        if (node.type() == pugi::node_element && depth() > 0) {
          CHECK((name == "p" || name == "br" || name == "a" || name == "span"));
        }
        if (name == "a") CHECK(is_web_url(node.attribute("href").value()));
        return true;
      }
    } walker;
    pugi::xml_node(content).traverse(walker);
  }
}

}  // namespace

TEST_CASE("an index page shows who wrote what and where it can be read", "[site]") {
  const std::vector<Listing> listings{listing_of(sample_post())};
  const std::string html =
      render_index_page(listings, {.title = "Posts", .newer = "", .older = "page-1.html"});
  const auto page = parse(html);
  const auto main = page.child("html").child("body").child("main");
  const auto article = main.child("article");
  CHECK(std::string(article.child("header").child("bdi").text().get()) == "Ada Lovelace");
  CHECK(std::string(article.child("p").text().get()).starts_with("The engine weaves #algebraic"));
  CHECK(html.find("href=\"" + listings[0].files[0].path + "\"") != std::string::npos);
  CHECK(html.find("href=\"" + listings[0].files[1].path + "\"") != std::string::npos);
  CHECK(html.find("href=\"page-1.html\"") != std::string::npos);
  CHECK(html.find("href=\"" + std::string(sample_post().url) + "\"") != std::string::npos);
}

TEST_CASE("an index page of hostile posts is well-formed and links nowhere strange", "[site]") {
  const auto listings = hostile_listings();
  const std::string html = render_index_page(listings, {"Posts", "", ""});
  CHECK(clean(html) == html);
  auto page = parse(html);
  struct Walker : pugi::xml_tree_walker {
    bool for_each(pugi::xml_node& node) override {
      CHECK(std::string_view(node.name()) != "script");
      CHECK(std::string_view(node.name()) != "img");
      const std::string_view href = node.attribute("href").value();
      CHECK(
          (href.empty() || href == "feed.atom" || href.starts_with("posts/") || is_web_url(href)));
      return true;
    }
  } walker;
  page.traverse(walker);
}

TEST_CASE("the feed keeps the rules of Atom", "[site]") {
  const FeedIdentity identity{key_digest("site"), kNow};
  check_feed(render_feed({}, identity));
  check_feed(render_feed(std::vector<Listing>{listing_of(sample_post())}, identity));
  check_feed(render_feed(hostile_listings(), identity));
}

TEST_CASE("what the index keeps of a post is bounded", "[site]") {
  const std::string big(500'000, '"');
  const std::string details = to_details(hostile_post(big), kNow);
  CHECK(details.size() < 8'000);
  CHECK(details.find('\n') == std::string::npos);
}

TEST_CASE("a text is not cut inside a link", "[site]") {
  Post post = sample_post();
  const std::string text = std::string(990, 'x') + " https://example.org/long/address";
  post.text = text;
  CHECK(listing_of(post).text == std::string(990, 'x') + " \xE2\x80\xA6");
}

TEST_CASE("details of another shape are read as far as they go", "[site]") {
  for (const char* details : {"", "x", "[]", "{\"text\":1,\"hashtags\":[1,\"a\"]}",
                              "{\"created_at\":\"never\",\"hashtags\":\"a\"}"}) {
    const Listing listing = from_details("k", details);
    CHECK(listing.key == "k");
    CHECK(listing.text.empty());
    CHECK_FALSE(listing.created_at.has_value());
  }
}
