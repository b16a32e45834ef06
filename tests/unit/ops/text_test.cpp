#include "common/ops/text.hpp"

#include <string>
#include <utility>
#include <vector>

#include "tests/catch.hpp"

using namespace pullwire;

TEST_CASE("what moves the cursor or turns the text around is escaped", "[text]") {
  CHECK(escaped("a\nb\r\t\x1b[31m\x7f") == "a\\nb\\r\\t\\x1b[31m\\x7f");
  CHECK(escaped("\xc2\x9b|\xe2\x80\xa8|\xe2\x80\xae|\xe2\x81\xa6") ==
        "\\u009b|\\u2028|\\u202e|\\u2066");
  CHECK(escaped(std::string_view{"a\0b", 3}) == "a\\x00b");
  CHECK(escaped("Grüße 한국어 😀") == "Grüße 한국어 😀");
  CHECK(escaped("a\"b\\", "\"\\") == "a\\\"b\\\\");
}

TEST_CASE("bytes that are not UTF-8 are told and escaped one by one", "[text]") {
  for (const char* text : {"\xff", "a\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    CAPTURE(text);
    CHECK_FALSE(is_utf8(text));
    CHECK(is_utf8(escaped(text)));
  }
  CHECK(is_utf8("Grüße 😀"));
  CHECK(escaped("a\xff\xc3(") == "a\\xff\\xc3(");
}

TEST_CASE("text is shortened between characters", "[text]") {
  CHECK(shortened("abc", 3) == "abc");
  CHECK(shortened("abcd", 3) == "abc…");
  CHECK(shortened("aüb", 2) == "a…");
  CHECK(shortened("😀😀", 7) == "😀…");
  CHECK(shortened("\x80\x80\x80\x80\x80\x80", 5) == "\x80\x80…");
}

TEST_CASE("the nearest known word is proposed if it is near", "[text]") {
  const std::vector<std::string> known{"bind", "state", "sources", "max_demand"};
  CHECK(did_you_mean("source", known) == ", did you mean sources?");
  CHECK(did_you_mean("max-demand", known) == ", did you mean max_demand?");
  CHECK(did_you_mean("bin", known) == ", did you mean bind?");
  CHECK(did_you_mean("http", known).empty());
  CHECK(did_you_mean(std::string(1'000'000, 'x'), known).empty());
}

TEST_CASE("what is left of a secret that was cut is hidden, too", "[text]") {
  const std::vector<std::string> secrets{"", "abc", "hushhush"};
  for (const auto& [said, shown] :
       std::vector<std::pair<std::string, std::string>>{{"hushhush hushhush", "*** ***"},
                                                        {"a hushhus…", "a ***…"},
                                                        {"a hush…", "a ***…"},
                                                        {"a hushhush…", "a ***…"},
                                                        {"a hus…", "a hus…"},
                                                        {"a hushhus", "a hushhus"},
                                                        {"a ab…", "a ab…"},
                                                        {"…", "…"}}) {
    std::string words = said;
    hide_secrets(secrets, words);
    CHECK(words == shown);
  }
}
