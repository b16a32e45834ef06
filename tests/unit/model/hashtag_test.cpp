#include "common/model/hashtag.hpp"

#include <chrono>
#include <string>
#include <vector>

#include "tests/catch.hpp"
#include "tests/sanitized.hpp"

using namespace pullwire;

namespace {

using Tags = std::vector<std::string>;

Tags tags_of(std::string_view text) {
  Tags tags;
  for (const HashtagSpan& span : find_hashtags(text)) tags.emplace_back(span.tag);
  return tags;
}

bool same(std::string_view one, std::string_view other) {
  return fold_hashtag(one) == fold_hashtag(other);
}

bool wants(const std::vector<std::string>& wanted, std::vector<std::string_view> tags) {
  Post post;
  post.hashtags = std::move(tags);
  return HashtagFilter{wanted}.matches(post);
}

}  // namespace

TEST_CASE("a hashtag needs a letter", "[hashtag]") {
  CHECK(tags_of("#a #1 #_ #1a #_b #__ # a") == Tags{"a", "1a", "_b"});
  CHECK(tags_of("#\u0301 #\u0661 #\u0661\u0633") == Tags{"\u0661\u0633"});
  CHECK(tags_of("press #\uFE0F\u20E3 now").empty());  // the keycap emoji
  CHECK(tags_of("").empty());
  CHECK(tags_of("#").empty());
  CHECK(tags_of("a\uFF03").empty());
}

TEST_CASE("what stands directly before decides whether # begins a hashtag", "[hashtag]") {
  CHECK(tags_of("#a#b") == Tags{"a"});
  CHECK(tags_of("#a \uFF03b#c") == Tags{"a", "b"});
  CHECK(tags_of("a#b 1#b _#b &#b /#b").empty());
  CHECK(tags_of("&#39;&#x27; https://example.org/#top").empty());
  CHECK(tags_of("\u0633#b e\u0301#b \u0967#b \U0001D400#b").empty());
  CHECK(tags_of("##a (#b) .#c \u3002#d \U0001F600#e \u200D#f") ==
        Tags{"a", "b", "c", "d", "e", "f"});
}

TEST_CASE("letters, marks and digits of every script belong to a hashtag", "[hashtag]") {
  CHECK(tags_of("#\u0633\u0648\u0631\u064A\u0627!") == Tags{"\u0633\u0648\u0631\u064A\u0627"});
  CHECK(tags_of("#\u0939\u093F\u0928\u094D\u0926\u0940\u0964") ==
        Tags{"\u0939\u093F\u0928\u094D\u0926\u0940"});
  CHECK(tags_of("#\u00E9cologie, #e\u0301cologie") == Tags{"\u00E9cologie", "e\u0301cologie"});
  CHECK(tags_of("\uFF03\uFF4E\uFF45\uFF57\uFF53\u3002") == Tags{"\uFF4E\uFF45\uFF57\uFF53"});
  CHECK(tags_of("#\u30C7\u30FC\u30BF1") == Tags{"\u30C7\u30FC\u30BF1"});
  CHECK(tags_of("#\U0002000B") == Tags{"\U0002000B"});
}

TEST_CASE("punctuation and joiners end a hashtag", "[hashtag]") {
  CHECK(tags_of("#\u30B9\u30BF\u30FC\u30FB\u30A6\u30A9\u30FC\u30BA") == Tags{"\u30B9\u30BF\u30FC"});
  CHECK(tags_of("#\uFF76\uFF65\uFF76") == Tags{"\uFF76"});
  CHECK(tags_of("#a\u200Db #c\u200Cd") == Tags{"a", "c"});
  CHECK(tags_of("#rock-n-roll #it's #c++ #a\U0001F600") == Tags{"rock", "it", "c", "a"});
  CHECK(tags_of("#\u2167").empty());  // a number, but no digit
}

TEST_CASE("bytes that are no UTF-8 end a hashtag and do not hinder the next", "[hashtag]") {
  CHECK(tags_of("#a\xFF#b") == Tags{"a", "b"});
  CHECK(tags_of("#a\xC3") == Tags{"a"});
  CHECK(tags_of("\xC3#a \xA9#b \xED\xA0\x80#c \xF0\x9F#d") == Tags{"a", "b", "c", "d"});
  CHECK(tags_of("\xEF\xBC#a \xEF#b \xEF\xBC") == Tags{"a", "b"});
  CHECK(tags_of(std::string_view{"#a\0b", 4}) == Tags{"a"});
}

TEST_CASE("a hashtag's place in the text is told in bytes", "[hashtag]") {
  const std::string_view text = "\u00E9 #a1 \uFF03b";
  const auto spans = find_hashtags(text);
  REQUIRE(spans.size() == 2);
  CHECK((spans[0].begin == 3 && spans[0].size == 3));
  CHECK((spans[1].begin == 7 && spans[1].size == 4));
  CHECK(spans[1].tag.data() == text.data() + 10);
}

TEST_CASE("two spellings of a hashtag are the same after NFKC and case folding", "[hashtag]") {
  CHECK(same("MasterChefBR", "masterchefbr"));
  CHECK(same("\u00C9cologie", "e\u0301cologie"));
  CHECK_FALSE(same("\u00E9cologie", "ecologie"));
  CHECK(same("\uFF2E\uFF45\uFF57\uFF53", "news"));
  CHECK(same("STRASSE", "stra\u00DFe"));
  CHECK(same("STRA\u1E9EE", "strasse"));
  CHECK(same("\uFB01n", "FIN"));
  CHECK(same("\uFF76\uFF9E", "\u30AC"));
  CHECK(same("\u03A3\u0391\u03A3", "\u03C3\u03B1\u03C2"));
  CHECK(same("\u212A\u24B6\U0001D400", "kaa"));
  CHECK(same("\u0130stanbul", "i\u0307stanbul"));
  CHECK_FALSE(same("\u0130stanbul", "istanbul"));
  CHECK_FALSE(same("\u0131", "i"));
  CHECK(fold_hashtag("a\xFF") == "a\xFF");
}

TEST_CASE("a post carries each of its text's hashtags once, within the limits", "[hashtag]") {
  std::vector<std::string_view> tags;
  collect_hashtags("#News #b #news #\uFF2E\uFF25\uFF37\uFF33", tags);
  CHECK(tags == std::vector<std::string_view>{"News", "b"});

  std::string text = "#" + std::string(PostLimits::kFieldBytes, 'a') + " #" +
                     std::string(PostLimits::kFieldBytes + 1, 'b');
  for (std::size_t i = 0; i < PostLimits::kHashtags; ++i) text += " #c" + std::to_string(i);
  tags.clear();
  collect_hashtags(text, tags);
  CHECK(tags.size() == PostLimits::kHashtags);
  CHECK(tags[1] == "c0");
}

TEST_CASE("a phrase is a hashtag without what one cannot hold", "[hashtag]") {
  CHECK(hashtag_of("Computer Science") == "ComputerScience");
  CHECK(hashtag_of(" #C++ & R&D! ") == "CRD");
  CHECK(hashtag_of("web_2.0") == "web_20");
  CHECK(hashtag_of("\u00C9cologie \u8BA1\u7B97\u673A") == "\u00C9cologie\u8BA1\u7B97\u673A");
  CHECK(hashtag_of("a\xFF\xE9z") == "az");
  for (const char* phrase : {"", " ", "2026", "_1", "#", "\xFF"}) CHECK(hashtag_of(phrase).empty());
}

TEST_CASE("a filter without hashtags wants every post", "[hashtag]") {
  CHECK(wants({}, {}));
  CHECK(wants({}, {"a"}));
}

TEST_CASE("a filter wants posts with one of its hashtags, however written", "[hashtag]") {
  const std::vector<std::string> wanted{" #News ", "\uFF03\u00C9cologie", "c++"};
  CHECK(wants(wanted, {"a", "NEWS"}));
  CHECK(wants(wanted, {"e\u0301cologie"}));
  CHECK(wants(wanted, {"C++"}));
  CHECK_FALSE(wants(wanted, {"new", "newss", "#news"}));
  CHECK_FALSE(wants(wanted, {}));
}

TEST_CASE("a filter refuses a hashtag without a name", "[hashtag]") {
  for (const char* written : {"", " ", "#", " # ", "\uFF03"}) {
    CAPTURE(written);
    CHECK_THROWS_AS(HashtagFilter{std::vector<std::string>{written}}, std::invalid_argument);
  }
}

// Each of the last marks goes before all of the first: 12,000 times 12,000 steps, two seconds.
TEST_CASE("marks without end are put into order in a moment", "[hashtag]") {
  std::string tag = "a";
  for (int i = 0; i < 12'000; ++i) tag += "\u0301";
  for (int i = 0; i < 12'000; ++i) tag += "\u0316";
  const auto begin = std::chrono::steady_clock::now();
  const std::string folded = fold_hashtag(tag);
  CHECK(std::chrono::steady_clock::now() - begin <
        std::chrono::seconds{pullwire::tests::kSanitized ? 10 : 1});
  CHECK(folded == fold_hashtag(folded));
  CHECK(folded.size() == tag.size() - 1);  // "a" and one mark are one character
}

TEST_CASE("a long text is composed as a short one is", "[hashtag]") {
  for (std::size_t before = 240; before < 530; ++before) {
    const std::string word(before, 'x');
    REQUIRE(fold_hashtag(word + "e\u0301" + word) == word + "\u00E9" + word);
  }
  std::string without_ascii;
  for (int i = 0; i < 1000; ++i) without_ascii += "\u8BA1";
  CHECK(fold_hashtag(without_ascii) == without_ascii);
  std::string apart;
  std::string composed;
  for (int i = 0; i < 1000; ++i) {
    apart += "\u304B\u3099\u8BA1";
    composed += "\u304C\u8BA1";
  }
  CHECK(fold_hashtag(apart) == composed);
}
