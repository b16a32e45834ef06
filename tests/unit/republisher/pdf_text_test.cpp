#include "republisher/render/pdf_text.hpp"

#include <string>

#include "tests/catch.hpp"

using namespace pullwire;
using namespace pullwire::republisher;

TEST_CASE("clean text has no control characters but newline and tab", "[pdf]") {
  CHECK(clean_text(std::string_view{"a\0\x01\x1b\x7f\u0080b\tc", 11}) == "ab\tc");
  CHECK(clean_text("a\r\nb\rc\u0085d\u2028e\u2029f") == "a\nb\nc\nd\ne\nf");
  CHECK(clean_text("\n\na\n\n\n\n\nb\n\n ") == "a\n\n\nb");
}

TEST_CASE("clean text is valid UTF-8", "[pdf]") {
  CHECK(clean_text("a\xFF\xC3") == "a\uFFFD\uFFFD");
  CHECK(clean_text("\xED\xA0\x80") == "\uFFFD\uFFFD\uFFFD");
  CHECK(clean_text("\uFFFF") == "\uFFFD");
}

TEST_CASE("an override is no more than an embedding", "[pdf]") {
  CHECK(clean_text("a\u202Eb\u202C\u202Dc\u202C") == "a\u202Bb\u202C\u202Ac\u202C");
}

TEST_CASE("a clean line is one line without bidirectional controls", "[pdf]") {
  CHECK(clean_line(" a\n\t b\u202E\u2066c\u2069 ") == "a bc");
}

TEST_CASE("a paragraph's direction is that of its own words", "[pdf]") {
  CHECK(mark_directions("RT @user: شاهد\nhello شاهد") == "\u200FRT @user: شاهد\nhello شاهد");
  CHECK(mark_directions("https://e.org #tag שלום") == "\u200Fhttps://e.org #tag שלום");
  CHECK(mark_directions("@user hello") == "@user hello");
  CHECK(first_direction("12 \u2066abc\u2069 ש") == Direction::RightToLeft);
  CHECK(first_direction("12 😀") == Direction::None);
}

TEST_CASE("only a short http or https URL with a host has a URI", "[pdf]") {
  for (const char* url :
       {"", "http", "http://", "https:///x", "https://?x", "javascript:alert(1)"}) {
    CAPTURE(url);
    CHECK_FALSE(link_uri(url));
  }
  CHECK_FALSE(link_uri("https://" + std::string(PostLimits::kFieldBytes, 'a')));
}

TEST_CASE("a link's URI has nothing that would end a quoted string", "[pdf]") {
  CHECK(link_uri("https://e.org/a'b\\c\"d é") == "https://e.org/a%27b%5Cc%22d%20%C3%A9");
  CHECK(link_uri("https://e.org/%20(x)?a=b&c#d") == "https://e.org/%20(x)?a=b&c#d");
}
