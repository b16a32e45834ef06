#include "republisher/render/title.hpp"

#include <string>

#include "tests/catch.hpp"
#include "tests/unit/republisher/sample_posts.hpp"

using namespace pullwire;
using namespace pullwire::republisher;

namespace {

std::string title_of(const std::string& text) {
  Post post;
  post.author = "ada";
  post.text = text;
  return post_title(post);
}

}  // namespace

TEST_CASE("a title is the first line with words", "[title]") {
  CHECK(title_of("First line\nsecond") == "First line");
  CHECK(title_of("\n \n***\nhttps://example.org/a\n#two  words\n") == "#two words");
  CHECK(title_of("See https://example.org/ now") == "See now");
  CHECK(title_of("") == "@ada");
  CHECK(title_of("https://example.org/ ...") == "@ada");
  CHECK(title_of("日本語") == "日本語");
}

TEST_CASE("a long line is cut behind a sentence or between words", "[title]") {
  const std::string rest = " and so on, and so on, and so on, and so on, and so on, and so on.";
  CHECK(title_of("One by Dr. A. But then" + rest) ==
        "One by Dr. A. But then and so on, and so on, and so on, and so on, and so on,…");
  CHECK(title_of("This is one sentence. But then" + rest) == "This is one sentence.");
  CHECK(title_of("Words" + rest + rest) == "Words" + rest);
  CHECK(title_of(std::string(100, 'x')) == std::string(79, 'x') + "…");
  CHECK(title_of(std::string(80, 'x')) == std::string(80, 'x'));
  std::string family;
  for (int i = 0; i < 200; ++i) family += "👩‍👩‍👧";
  CHECK(title_of(family).size() <= 400);
  CHECK(title_of(family).ends_with("👩‍👩‍👧…"));
}

TEST_CASE("a title is one line of text whatever a post says", "[title]") {
  for (const std::string& text : hostile_texts()) {
    const std::string title = post_title(hostile_post(text));
    INFO(title);
    CHECK_FALSE(title.empty());
    CHECK(title.size() <= 400);
    CHECK(title.find_first_of("\n\r\t\x07\x1b") == std::string::npos);
  }
}
