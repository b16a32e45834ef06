#include "republisher/render/plain.hpp"

#include <utf8proc.h>

#include "tests/catch.hpp"
#include "tests/unit/republisher/sample_posts.hpp"

using namespace pullwire;
using namespace pullwire::republisher;
using namespace std::string_literals;

TEST_CASE("clean text keeps what is text", "[plain]") {
  const std::string text =
      "tab\tand line\nend, \xC3\xA9\xE2\x82\xAC\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB";
  CHECK(clean(text) == text);
}

TEST_CASE("clean text has one kind of line break", "[plain]") {
  CHECK(clean("a\r\nb\rc\nd\r") == "a\nb\nc\nd\n");
  CHECK(clean("a\xE2\x80\xA8"
              "b\xE2\x80\xA9"
              "c") == "a\nb\nc");
}

TEST_CASE("clean text has no control characters", "[plain]") {
  CHECK(clean("a\0b\x1b[31mc\x7f"
              "d\xC2\x85"
              "e\xC2\x9f"
              "f"s) == "ab[31mcdef");
}

TEST_CASE("what is no UTF-8 becomes replacement characters", "[plain]") {
  CHECK(clean("\xFF") == "\xEF\xBF\xBD");
  CHECK(clean("a\xC3(") == "a\xEF\xBF\xBD(");
  CHECK(clean("\xEF\xBF\xBE") == "\xEF\xBF\xBD");
  for (const std::string& text : hostile_texts()) {
    const std::string result = clean(text);
    utf8proc_int32_t code = 0;
    for (std::size_t at = 0; at < result.size();) {
      const auto size =
          utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(result.data()) + at,
                           static_cast<utf8proc_ssize_t>(result.size() - at), &code);
      REQUIRE(size > 0);
      at += static_cast<std::size_t>(size);
    }
    CHECK(clean(result) == result);
  }
}

TEST_CASE("one line has single spaces and none at its ends", "[plain]") {
  CHECK(one_line(" a \n\t b\xC2\xA0\xC2\xA0"
                 "c ",
                 100) == "a b c");
  CHECK(one_line(" \n ", 100).empty());
}

TEST_CASE("what is one line already stays as it is", "[plain]") {
  for (const char* line : {"", "a", "Ada Lindqvist", "~ !", "https://example.org/posts/1"}) {
    CHECK(one_line(line, 100) == line);
  }
  CHECK(one_line("a  b", 100) == "a b");
  CHECK(one_line(" a", 100) == "a");
  CHECK(one_line("a ", 100) == "a");
  CHECK(one_line("a\x7f", 100) == "a");
  CHECK(one_line(" ", 100).empty());
}

TEST_CASE("long text is cleaned wherever it needs to be", "[plain]") {
  for (std::size_t at = 0; at < 100; ++at) {
    std::string text(100, 'x');
    text[at] = '\x01';
    CHECK(clean(text) == std::string(99, 'x'));
  }
}

TEST_CASE("one line cannot rearrange what stands beside it", "[plain]") {
  CHECK(one_line("a\xE2\x80\xAE"
                 "b\xE2\x81\xA6"
                 "c\xE2\x81\xA9",
                 100) == "abc");
}

TEST_CASE("a long line is cut between grapheme clusters and says so", "[plain]") {
  CHECK(one_line("abcdefgh", 8) == "abcdefgh");
  CHECK(one_line("abcdefghi", 8) == "abcde\xE2\x80\xA6");
  // e and its accent stay together, and so does a family of one man and one woman.
  CHECK(one_line("abcde\xCC\x81xyz", 9) == "abcd\xE2\x80\xA6");
  CHECK(cut("ab\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB"
            "c",
            12) == "ab");
  CHECK(one_line(std::string(100'000, 'x'), 300).size() == 300);
  CHECK(one_line(std::string(100'000, ' ') + "x", 300).size() <= 300);
}

TEST_CASE("a cluster longer than the bound is cut between code points", "[plain]") {
  std::string zalgo = "a";
  for (int i = 0; i < 100; ++i) zalgo += "\xCC\x81";
  CHECK(cut(zalgo, 10).size() == 9);
}

TEST_CASE("the author is called by the best name there is", "[plain]") {
  CHECK(display_name("Ada", "ada", "feed") == "Ada");
  CHECK(display_name(" ", "ada", "feed") == "@ada");
  CHECK(display_name("", "", "feed") == "feed");
}
