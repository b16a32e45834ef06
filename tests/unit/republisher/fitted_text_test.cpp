#include "republisher/render/fitted_text.hpp"

#include "republisher/render/graphemes.hpp"
#include "republisher/render/plain.hpp"
#include "tests/catch.hpp"
#include "tests/unit/republisher/sample_posts.hpp"

using namespace pullwire;
using namespace pullwire::republisher;

namespace {

constexpr std::string_view kUrl = "https://example.social/@ada/1";

Post post_of(std::string_view text, std::string_view url = kUrl) {
  Post post;
  post.post_id = "x:1";
  post.source = "x";
  post.text = text;
  post.url = url;
  return post;
}

std::string repeated(std::string_view unit, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text.append(unit);
  return text;
}

/// What holds for every text.
void check_fits(const FittedText& fitted, const TextLimits& limits) {
  CAPTURE(fitted.text, limits.graphemes, limits.bytes, limits.link);
  CHECK_FALSE(fitted.text.empty());
  CHECK(clean(fitted.text) == fitted.text);
  CHECK(fitted.text.find('\t') == std::string::npos);
  CHECK(fitted.graphemes <= limits.graphemes);
  if (limits.link == 0) CHECK(count_graphemes(fitted.text) <= fitted.graphemes);
  if (limits.bytes > 0) CHECK(fitted.text.size() <= limits.bytes);
  std::size_t end = 0;
  for (const TextSpan& span : fitted.spans) {
    CHECK(span.begin >= end);
    CHECK(span.end > span.begin);
    REQUIRE(span.end <= fitted.text.size());
    const std::string_view shown{fitted.text.data() + span.begin, span.end - span.begin};
    if (span.kind == TextSpan::Kind::Link) {
      CHECK(shown == span.value);
    } else {
      CHECK((shown == "#" + span.value || shown == "\xEF\xBC\x83" + span.value));
    }
    end = span.end;
  }
}

/// The text is cut between two clusters.
void check_cut(std::string_view text, const FittedText& fitted) {
  CAPTURE(fitted.text);
  REQUIRE(fitted.text.ends_with("…"));
  const std::string_view shown{fitted.text.data(), fitted.text.size() - 3};
  REQUIRE(text.starts_with(shown));
  CHECK(count_graphemes(shown) + count_graphemes(text.substr(shown.size())) ==
        count_graphemes(text));
}

FittedText fitted(const Post& post, std::string_view pattern, const TextLimits& limits) {
  check_pattern(pattern);
  FittedText result = fit_text(post, pattern, limits);
  check_fits(result, limits);
  return result;
}

constexpr TextLimits kMastodon{.graphemes = 500, .bytes = 0, .link = 23};
constexpr TextLimits kBluesky{.graphemes = 300, .bytes = 3000, .link = 0};

}  // namespace

TEST_CASE("a post that fits is shown whole, with its links and hashtags", "[fitted]") {
  const FittedText result = fitted(sample_post(), kDefaultPattern, kBluesky);
  CHECK(result.text ==
        "The engine weaves #algebraic patterns.\nSee https://example.org/notes?a=1&b=2 (G).\n\n"
        "A. L.\n\nhttps://example.social/@ada/113500");
  CHECK(result.spans == std::vector<TextSpan>{
                            {TextSpan::Kind::Hashtag, 18, 28, "algebraic"},
                            {TextSpan::Kind::Link, 43, 76, "https://example.org/notes?a=1&b=2"},
                            {TextSpan::Kind::Link, 90, 124, "https://example.social/@ada/113500"}});
  CHECK(result.graphemes == 124);
}

TEST_CASE("every placeholder shows its field", "[fitted]") {
  Post post = sample_post();
  post.hashtags = {"algebraic", "Computer Science", "ALGEBRAIC", "loom"};
  const std::string_view pattern =
      "{author_name} ({author}), {source}, {created_at}\n{text}\n\n{media}\n{hashtags}\n{url}";
  CHECK(fitted(post, pattern, kMastodon).text ==
        "Ada Lovelace (@ada), mastodon/example.social, 2026-11-23 17:42 UTC\n" +
            std::string{post.text} +
            "\n\n[image: A loom, seen from above]\n#ComputerScience #loom\n"
            "https://example.social/@ada/113500");
  CHECK(fitted(post, "{hashtags} {url}", kMastodon).text ==
        "#algebraic #ComputerScience #loom https://example.social/@ada/113500");
}

TEST_CASE("a link counts what the platform says", "[fitted]") {
  const std::string url = "https://example.org/" + std::string(200, 'a');
  CHECK(fitted(post_of("x", url), "{url}", {.graphemes = 100, .link = 23}).graphemes == 23);
  CHECK(fitted(post_of("x", "https://a.org/"), "{url}", {.graphemes = 99, .link = 23}).graphemes ==
        23);
  // Not everybody takes these for links.
  CHECK(fitted(post_of("x", "http://localhost/" + std::string(50, 'a')), "{url}",
               {.graphemes = 99, .link = 23})
            .graphemes == 67);
  CHECK(fitted(post_of("x", "http://127.0.0.1:8080/aaaaaaaaaaaa"), "{url}",
               {.graphemes = 99, .link = 23})
            .graphemes == 34);
}

TEST_CASE("a text that is too long is cut at a word, the source's link is kept", "[fitted]") {
  const std::string text = repeated("wonderful ", 100);
  const FittedText result = fitted(post_of(text), kDefaultPattern, kMastodon);
  CHECK(result.text == repeated("wonderful ", 46) + "wonderful…\n\n" + std::string{kUrl});
  CHECK(result.graphemes == 47 * 10 - 1 + 1 + 2 + 23);
  CHECK(result.spans.back().value == kUrl);
}

TEST_CASE("a link or hashtag at the border is left out whole", "[fitted]") {
  const std::string link = "https://example.org/a/long/path/to/something";
  const std::string text = "Read this: " + link + " and more";
  CHECK(fitted(post_of(text, ""), "{text}", {.graphemes = 40}).text == "Read this:…");
  CHECK(fitted(post_of(text, ""), "{text}", {.graphemes = 12 + 44}).text ==
        "Read this: " + link + "…");
  CHECK(fitted(post_of("Of #programming and so on", ""), "{text}", {.graphemes = 12}).text ==
        "Of…");
  CHECK(
      fitted(post_of("#" + std::string(60, 'a') + " b c", ""), "{text}", {.graphemes = 40}).text ==
      "…");
  // What is no link (too long) does not become a wrong one.
  const std::string endless = "See https://example.org/" + std::string(3000, 'a');
  CHECK(fitted(post_of(endless, ""), "{text}", kMastodon).spans.empty());
}

TEST_CASE("languages without spaces are cut between graphemes", "[fitted]") {
  const std::string japanese = repeated("東京都は日本の首都である。", 60);
  check_cut(japanese, fitted(post_of(japanese), "{text}", kBluesky));
  CHECK(fitted(post_of(japanese), "{text}", kBluesky).graphemes >= 298);
  const std::string thai = repeated("กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย", 30);
  check_cut(thai, fitted(post_of(thai), "{text}", kBluesky));
  CHECK(fitted(post_of(thai), "{text}", kBluesky).graphemes == 300);
  const std::string one_word(1000, 'a');
  CHECK(fitted(post_of(one_word), "{text}", kBluesky).text == std::string(299, 'a') + "…");
  // Not before the mark that ends a sentence.
  CHECK(fitted(post_of("一二三四五。六七八", ""), "{text}", {.graphemes = 6}).text == "一二三四…");
}

TEST_CASE("what a reader sees as one character is never cut", "[fitted]") {
  const std::string family = "👨‍👩‍👧‍👦";
  const std::string flags = "🇩🇪🇫🇷";
  const std::string zalgo = "e\xCC\x81\xCC\xA7\xCC\x82";
  const std::string hindi = "क्षत्रिय";
  const std::string arabic = "مُحَمَّد";
  for (const std::string& unit :
       {family, flags, zalgo, hindi, arabic, std::string{"👩🏽‍💻"}, std::string{"한국어"},
        std::string{"ก็"}}) {
    const std::string text = repeated(unit, 400);
    for (std::size_t graphemes = 4; graphemes < 40; ++graphemes) {
      const TextLimits limits{.graphemes = graphemes};
      check_cut(text, fitted(post_of(text), "{text}", limits));
    }
    for (std::size_t bytes = 30; bytes < 90; ++bytes) {
      check_cut(text, fitted(post_of(text), "{text}", {.graphemes = 300, .bytes = bytes}));
    }
  }
  CHECK(fitted(post_of(repeated(family, 10)), "{text}", {.graphemes = 4}).text ==
        repeated(family, 3) + "…");
  // Bytes are the limit: 25 each.
  CHECK(fitted(post_of(repeated(family, 300)), "{text}", kBluesky).text ==
        repeated(family, 119) + "…");
  // One cluster that is longer than everything.
  const std::string tower = "a" + repeated("\xCC\x81", 4000);
  CHECK(fitted(post_of(tower), "{text}", kBluesky).text == "…");
}

TEST_CASE("an address that stands in the text is not repeated", "[fitted]") {
  const std::string text = "See " + std::string{kUrl} + " for more.";
  CHECK(fitted(post_of(text), kDefaultPattern, kMastodon).text == text);
  // Unless it was cut off there.
  const std::string longer = repeated("word ", 100) + text;
  const FittedText result = fitted(post_of(longer), kDefaultPattern, kMastodon);
  CHECK(result.text.ends_with("…\n\n" + std::string{kUrl}));
  CHECK(result.spans.size() == 1);
  // A longer one is another one.
  CHECK(fitted(post_of(std::string{kUrl} + "2"), kDefaultPattern, kMastodon).spans.size() == 2);
}

TEST_CASE("what is no web address is not shown as one", "[fitted]") {
  for (const std::string_view url : {"javascript:alert(1)", "", "https://", "https://a.org/ b",
                                     "https://a.org/\n", "mailto:a@example.org"}) {
    CHECK(fitted(post_of("text", url), kDefaultPattern, kMastodon).text == "text");
  }
}

TEST_CASE("an address longer than all is left out", "[fitted]") {
  const std::string url = "https://example.org/" + std::string(400, 'a');
  CHECK(fitted(post_of("text", url), "{author_name}: {text}\n\n{url}", kBluesky).text == "x: text");
  CHECK(fitted(post_of("text", url), kDefaultPattern, kMastodon).text == "text\n\n" + url);
}

TEST_CASE("hashtags and media make room for the text", "[fitted]") {
  Post post = post_of("");
  const std::string text = repeated("word ", 200);
  post.text = text;
  std::vector<std::string> tags;
  for (int i = 0; i < 60; ++i) tags.push_back("hashtag" + std::to_string(i));
  post.hashtags.assign(tags.begin(), tags.end());
  const FittedText result = fitted(post, "{text}\n\n{hashtags}\n{url}", kBluesky);
  CHECK(result.text.starts_with(repeated("word ", 26)));
  CHECK(result.text.find("#hashtag12\n" + std::string{kUrl}) != std::string::npos);
  CHECK(result.text.ends_with(kUrl));
  // A short text leaves them more.
  post.text = "word";
  CHECK(fitted(post, "{text}\n\n{hashtags}\n{url}", kBluesky).text.find("#hashtag20") !=
        std::string::npos);
}

TEST_CASE("a text far beyond the limits is not read to its end", "[fitted]") {
  const std::string tower = "a" + repeated("\xCC\x81", 200'000);
  const FittedText result = fitted(post_of(tower), "{text}", kMastodon);
  CHECK(result.text.size() < 50'000);
  CHECK(result.text.ends_with("…"));
}

TEST_CASE("a template longer than the platform allows gives way to the post", "[fitted]") {
  const std::string pattern = std::string(400, 'x') + " {text} {url}";
  CHECK(fitted(post_of("text"), pattern, kBluesky).text == "text\n\n" + std::string{kUrl});
}

TEST_CASE("a post without a text has something to show", "[fitted]") {
  Post post = post_of(" \n\t ", "");
  CHECK(fitted(post, kDefaultPattern, kMastodon).text == "x");
  post.media = {{"image", "https://example.org/1.png", "A cat"}};
  CHECK(fitted(post, kDefaultPattern, kMastodon).text == "[image: A cat]");
  post.url = kUrl;
  CHECK(fitted(post, kDefaultPattern, kMastodon).text == kUrl);
  CHECK(fitted(hostile_post(""), kDefaultPattern, kMastodon).text == "…");
}

TEST_CASE("blank lines and blanks that nobody needs are left out", "[fitted]") {
  CHECK(fitted(post_of("\n\n  a  \r\n\r\n\r\n\r\n\tb \n", ""), "{text}", kMastodon).text ==
        "a\n\n b");
}

TEST_CASE("hostile posts fit whatever the template and the limits", "[fitted]") {
  for (const std::string& text : hostile_texts()) {
    const std::string longer = repeated(text, 1 + 1000 / (text.size() + 1));
    for (const std::string_view pattern :
         {kDefaultPattern, std::string_view{"{text}"}, std::string_view{"{url}"},
          std::string_view{"{author_name} ({author}) {source}{created_at}\n{text}\n{media}\n"
                           "{hashtags} {url}"},
          std::string_view{"#{text}{url}"}}) {
      for (const TextLimits& limits :
           {kMastodon, kBluesky, TextLimits{.graphemes = 4, .bytes = 12},
            TextLimits{.graphemes = 30, .bytes = 40, .link = 23}, TextLimits{.graphemes = 64}}) {
        fitted(hostile_post(text), pattern, limits);
        fitted(hostile_post(longer), pattern, limits);
        Post post = hostile_post(longer);
        post.url = kUrl;
        const FittedText result = fitted(post, pattern, limits);
        if (pattern == kDefaultPattern && limits.graphemes >= 64) {
          CHECK(result.text.ends_with(kUrl));
        }
      }
    }
  }
}
