#include "republisher/render/segments.hpp"

#include <string>

#include "republisher/render/plain.hpp"
#include "tests/catch.hpp"
#include "tests/unit/republisher/sample_posts.hpp"

using namespace pullwire::republisher;

namespace {

std::vector<std::string> found(std::string_view text, SegmentKind kind) {
  std::vector<std::string> result;
  for (const Segment& segment : split_segments(text)) {
    if (segment.kind == kind) result.emplace_back(segment.text);
  }
  return result;
}

std::vector<std::string> links(std::string_view text) {
  return found(text, SegmentKind::Link);
}
std::vector<std::string> tags(std::string_view text) {
  return found(text, SegmentKind::Hashtag);
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("segments together are the text", "[segments]") {
  for (const std::string& hostile : hostile_texts()) {
    const std::string text = clean(hostile);
    std::string together;
    for (const Segment& segment : split_segments(text)) together += segment.text;
    CHECK(together == text);
  }
}

TEST_CASE("a link ends where the sentence goes on", "[segments]") {
  CHECK(links("see https://example.org/a.") == Strings{"https://example.org/a"});
  CHECK(links("(http://example.org/a_(b))") == Strings{"http://example.org/a_(b)"});
  CHECK(links("\"https://example.org?x=1&y='z'\"!") == Strings{"https://example.org?x=1&y='z"});
  CHECK(links("\"HTTPS://Example.org\",") == Strings{"HTTPS://Example.org"});
  CHECK(links("https://a.example/x https://b.example/y?z=1#f!") ==
        Strings{"https://a.example/x", "https://b.example/y?z=1#f"});
  CHECK(links("\xE3\x80\x8Chttps://example.jp/\xE6\x97\xA5\xE3\x80\x8D") ==
        Strings{"https://example.jp/\xE6\x97\xA5"});
  CHECK(links("https://example.org/\xE2\x80\xAEgpj") == Strings{"https://example.org/"});
}

TEST_CASE("only http and https make a link", "[segments]") {
  for (const char* text :
       {"javascript://example.org", "xhttp://example.org", "http://", "https://.",
        "ftp://example.org", "http:example.org", "://", "http:///x"}) {
    CAPTURE(text);
    CHECK(links(text).empty());
  }
}

TEST_CASE("a link too long to be one is text", "[segments]") {
  CHECK(links("https://example.org/" + std::string(2028, 'x')).size() == 1);
  CHECK(links("https://example.org/" + std::string(2029, 'x')).empty());
}

TEST_CASE("a text of half a megabyte of links is split without delay", "[segments]") {
  std::string schemes;
  std::string brackets = "https://example.org/";
  while (schemes.size() < 512 * 1024) schemes += "http://";
  while (brackets.size() < 512 * 1024) {
    brackets += std::string(2000, ')') + " https://example.org/";
  }
  CHECK_FALSE(split_segments(schemes).empty());
  CHECK(links(brackets).size() > 200);
}

TEST_CASE("a hashtag begins where no word stands before it", "[segments]") {
  CHECK(tags("#a b#c &#d /#e _#f (#g) #h#i") == Strings{"#a", "#g", "#h"});
  CHECK(tags("#1 #1a #_ #_a # #") == Strings{"#1a", "#_a"});
  CHECK(tags("\xEF\xBC\x83\xE6\x97\xA5\xE6\x9C\xAC") ==
        Strings{"\xEF\xBC\x83\xE6\x97\xA5\xE6\x9C\xAC"});
  CHECK(tags("#\xE0\xA4\xB9\xE0\xA4\xBF.").front().size() == 7);
}

TEST_CASE("a hashtag is not looked for in a link", "[segments]") {
  CHECK(tags("https://example.org/#part #tag") == Strings{"#tag"});
  CHECK(tags("#http://example.org").empty());
}

TEST_CASE("a URL that can harm is none", "[segments]") {
  CHECK(is_web_url("https://example.org/a?b=c#d"));
  CHECK(is_web_url("http://[::1]:80/"));
  for (const char* url : {"", "javascript:alert(1)", "https:", "https://", "https://a b",
                          "https://a\"b", "https://a<b", "https://a\nb", " https://a", "//a",
                          "https://a\xE2\x80\xAE", "https://a\\b", "data:text/html,x"}) {
    CAPTURE(url);
    CHECK_FALSE(is_web_url(url));
  }
}

TEST_CASE("a language tag has the shape of one", "[segments]") {
  for (const char* lang : {"en", "zh-Hant-TW", "de-1996"}) CHECK(is_language_tag(lang));
  for (const char* lang :
       {"", "en_GB", "-en", "en-", "en\"", "<b>", "a-very-long-tag-that-nobody-would-write"}) {
    CAPTURE(lang);
    CHECK_FALSE(is_language_tag(lang));
  }
}
