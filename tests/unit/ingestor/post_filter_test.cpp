#include "ingestor/post_filter.hpp"

#include <stdexcept>

#include "tests/catch.hpp"

using namespace pullwire;
using namespace pullwire::ingestor;

namespace {

Post post(std::string_view lang, std::string_view author, std::string_view text) {
  Post post;
  post.lang = lang;
  post.author = author;
  post.text = text;
  return post;
}

bool passes(PostFilter::Rules rules, const Post& post, const Traits& traits = {}) {
  return PostFilter{std::move(rules)}.matches(post, traits);
}

}  // namespace

TEST_CASE("languages are asked for and left out, with their regions", "[post_filter]") {
  CHECK(passes({.languages = {"en"}}, post("en", "", "")));
  CHECK(passes({.languages = {"en"}}, post("en-GB", "", "")));
  CHECK(passes({.languages = {"EN"}}, post("en-GB", "", "")));
  CHECK_FALSE(passes({.languages = {"en"}}, post("eng", "", "")));
  CHECK_FALSE(passes({.languages = {"en-GB"}}, post("en", "", "")));
  CHECK_FALSE(passes({.languages = {"en"}}, post("", "", "")));
  CHECK(passes({.languages = {"en", ""}}, post("", "", "")));
  CHECK_FALSE(passes({.exclude_languages = {"en"}}, post("en-GB", "", "")));
  CHECK(passes({.exclude_languages = {"en"}}, post("", "", "")));
}

TEST_CASE("authors are asked for and left out, however they are written", "[post_filter]") {
  CHECK(passes({.authors = {"@Ada@there"}}, post("", "ada@there", "")));
  CHECK_FALSE(passes({.authors = {"ada"}}, post("", "ada@there", "")));
  CHECK_FALSE(passes({.exclude_authors = {"ADA"}}, post("", "ada", "")));
  CHECK(passes({.exclude_authors = {"ada"}}, post("", "bob", "")));
}

TEST_CASE("expressions are searched for in the text", "[post_filter]") {
  CHECK(passes({.match = {"no", "(?i)RUST|c\\+\\+"}}, post("", "", "about rust")));
  CHECK_FALSE(passes({.match = {"^rust"}}, post("", "", "about rust")));
  CHECK_FALSE(passes({.exclude = {"\\bjobs?\\b"}}, post("", "", "a job")));
  CHECK_THROWS_AS(PostFilter{PostFilter::Rules{.match = {"("}}}, std::invalid_argument);
}

TEST_CASE("reposts are left out unless they are wanted, replies only if they are not",
          "[post_filter]") {
  const Post any = post("", "", "");
  CHECK_FALSE(passes({}, any, {.repost = true}));
  CHECK(passes({.reposts = true}, any, {.repost = true}));
  CHECK(passes({}, any, {.reply = true}));
  CHECK_FALSE(passes({.replies = false}, any, {.reply = true}));
  CHECK(PostFilter{}.matches(any, {.repost = true}));
}

TEST_CASE("what is too old is left out", "[post_filter]") {
  Post old = post("", "", "");
  old.ingested_at = Timestamp{1'000'000'000};
  CHECK(passes({.max_age = std::chrono::seconds{100}}, old));  // nobody knows
  old.created_at = Timestamp{900'000'000};
  CHECK(passes({.max_age = std::chrono::seconds{100}}, old));
  old.created_at = Timestamp{899'999'999};
  CHECK_FALSE(passes({.max_age = std::chrono::seconds{100}}, old));
}
