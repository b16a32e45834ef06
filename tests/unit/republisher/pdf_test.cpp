#include "republisher/render/pdf.hpp"

#include <algorithm>
#include <regex>
#include <string>
#include <vector>

#include "republisher/render/renderer.hpp"
#include "tests/catch.hpp"
#include "tests/unit/republisher/pdf_document.hpp"

using namespace pullwire;
using namespace pullwire::republisher;

namespace {

std::string without(std::string text, std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts)
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at))
      text.erase(at, part.size());
  return text;
}

/// Words and their order, without what lays them out.
std::string words(std::string text) {
  return without(std::move(text), {" ", "\n", "\f", "\u202A", "\u202B", "\u202C", "\u200F"});
}

std::string sorted(std::string text) {
  std::sort(text.begin(), text.end());
  return text;
}

/// Left and right end in points of the first word that `pattern` matches.
std::pair<double, double> place(const std::string& pdf, const std::string& pattern) {
  const std::string boxes = Poppler{pdf}.run("pdftotext -bbox", "-");
  std::smatch found;
  const std::regex word{"xMin=\"([0-9.]+)\" yMin=\"[0-9.]+\" xMax=\"([0-9.]+)\"[^>]*>[^<]*" +
                        pattern};
  REQUIRE(std::regex_search(boxes, found, word));
  return {std::stod(found[1]), std::stod(found[2])};
}

}  // namespace

TEST_CASE("a PDF's text can be searched in every script", "[pdf]") {
  const std::string text =
      "Latin: office affluent, “Žluťoučký kůň”\nΕλληνικά: Ξεσκεπάζω τὴν βδελυγμία\n"
      "Кириллица: Съешь же ещё булок\nنص حكيم له سر قاطع\nדג סקרן שט בים\n"
      "中文：我能吞下玻璃而不伤身体。\n日本語：いろはにほへと\n한국어: 키스의 고유조건은\n"
      "ქართული: მინას ვჭამ\nՀայերեն: Կրնամ ապակի\nአማርኛ: ብርጭቆ\n𝐀𝔅 → ⇒ ♥ ★ ✓ ─│ ① ℝ ∑ "
      "₿";
  const PdfDocument document = compose_pdf(post(text, ""));
  CHECK(document.missing_glyphs == 0);
  const std::string found = words(Poppler{document.bytes}.text());
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = words(text.substr(begin, end - begin));
    CAPTURE(line, found);
    CHECK(has(found, line));
    begin = end + 1;
  }
}

TEST_CASE("no character of a script with combining marks is lost", "[pdf]") {
  // Poppler puts marks in order of place, so only what is there is compared.
  for (const char* text :
       {"ऋषियों को सताने वाले दुष्ट राक्षसों के राजा", "เป็นมนุษย์สุดประเสริฐเลิศคุณค่า", "আমি কাঁচ খেতে পারি",
        "நான் கண்ணாடி சாப்பிடுவேன்", "ខ្ញុំអាចញុំកញ្ចក់", "ငါ ဖန် စား"}) {
    Post plain = post(text, "");
    plain.author_name = "A";
    plain.author = "";
    const PdfDocument document = compose_pdf(plain);
    CAPTURE(text);
    CHECK(document.missing_glyphs == 0);
    const std::string found = words(Poppler{document.bytes}.run("pdftotext -raw", "-"));
    CHECK(sorted(found) == sorted("A" + words(text)));
  }
}

TEST_CASE("colour emoji are drawn, each stored once", "[pdf]") {
  const auto images = [](std::string_view text) {
    const PdfDocument document = compose_pdf(post(text));
    CHECK(document.missing_glyphs == 0);
    return count(document.bytes, "/Subtype /Image");
  };
  const std::size_t one = images("😀");
  CHECK(one > 0);
  CHECK(images("😀 and 😀😀😀") == one);
  CHECK(images("👨‍👩‍👧‍👦") == one);  // one glyph, as ZWJ asks
  CHECK(images("🇯🇵") == one);                         // two letters, one flag
  CHECK(images("🏴󠁧󠁢󠁥󠁮󠁧󠁿 👍🏽 ❤️ 1️⃣") > one);
  CHECK(images("plain ♥ text ☺︎") == 0);
}

TEST_CASE("a right-to-left post begins at the right margin", "[pdf]") {
  Post arabic = post("شاهد غرفة\nEnglish below", "ar");
  arabic.author_name = "Writer";
  const std::string bytes = render_pdf(arabic);
  CHECK(place(bytes, "ش").second > 370);
  CHECK(place(bytes, "Writer").second > 370);
  CHECK(place(bytes, "English").first < 50);
  CHECK(place(render_pdf(post("English first")), "English").first < 50);
}

TEST_CASE("mentions before right-to-left text do not turn it around", "[pdf]") {
  CHECK(place(render_pdf(post("RT @user: شاهد غرفة", "ar")), "user").second > 370);
}

TEST_CASE("a text without letters follows its language", "[pdf]") {
  CHECK(place(render_pdf(post("2026", "ar")), "2026").second > 370);
  CHECK(place(render_pdf(post("2026", "de")), "2026").first < 50);
}

TEST_CASE("Han characters take the forms of the post's language", "[pdf]") {
  std::vector<std::string> seen;
  for (const char* lang : {"ja", "zh", "zh-Hant", "zh-HK", "ko"}) {
    seen.push_back(render_pdf(post("骨直次誤与戶角", lang)));
    CHECK(std::count(seen.begin(), seen.end(), seen.back()) == 1);
  }
  CHECK(render_pdf(post("骨直次誤与戶角の", "en")) ==
        render_pdf(post("骨直次誤与戶角の", "ja-JP")));
}

TEST_CASE("rendering again gives the same bytes, whatever came between", "[pdf]") {
  const Post first = post("Hello 世界 مرحبا 😀 नमस्ते https://example.org/ #tag");
  const Post other = post("Ξεσκεπάζω 骨 한국어 😂🇩🇪", "ko");
  const std::string once = render_pdf(first);
  const std::string between = render_pdf(other);
  CHECK(render_pdf(first) == once);
  CHECK(render_pdf(other) == between);
  CHECK_FALSE(has(once, "CreationDate"));
}

TEST_CASE("what was ingested when does not show", "[pdf]") {
  Post early = post("Hello");
  Post late = early;
  late.ingested_at = Timestamp{1'795'455'775'123'456};
  CHECK(render_pdf(early) == render_pdf(late));
}

TEST_CASE("a document says who wrote what and when", "[pdf]") {
  Post dated = post(
      "The first words \n(and more) of a text that is a good deal longer than any "
      "title should be, as posts are");
  dated.created_at = parse_rfc3339("2026-11-23T17:42:55.123456Z");
  dated.hashtags = {"computer science", "建築"};
  const std::string info = Poppler{render_pdf(dated)}.run("pdfinfo -enc UTF-8");
  CAPTURE(info);
  CHECK(has(info,
            "The first words (and more) of a text that is a good deal longer than any title…\n"));
  CHECK(has(info, "Ada Lovelace (@ada)\n"));
  CHECK(has(info, "Keywords:        computer science, 建築\n"));
  CHECK(has(info, "Mon Nov 23 17:42:55 2026"));
}

TEST_CASE("a character that no font has is drawn as a box", "[pdf]") {
  const PdfDocument document = compose_pdf(post("before \uE402 after"));
  CHECK(document.missing_glyphs == 1);
  CHECK(has(words(Poppler{document.bytes}.text()), "before"));
}

TEST_CASE("bytes that are no UTF-8 do not stop a document", "[pdf]") {
  const std::string text = Poppler{render_pdf(post("a\xFF\xC3 b\x01\x1b[31m c"))}.text();
  CHECK(has(words(text), "a\uFFFD\uFFFDb[31mc"));
}

TEST_CASE("a post with nothing in it is a page", "[pdf]") {
  Post empty = post("");
  empty.author = {};
  empty.author_name = {};
  CHECK(compose_pdf(empty).pages == 1);
}

TEST_CASE("a long text flows over numbered pages", "[pdf]") {
  std::string text;
  for (int i = 0; i < 300; ++i)
    text += "Paragraph " + std::to_string(i) + " of a long text that goes on and on and on.\n";
  text += "The end.";
  const PdfDocument document = compose_pdf(post(text));
  CHECK(document.pages > 5);
  const std::string found = Poppler{document.bytes}.text();
  CHECK(has(found, "The end."));
  CHECK(has(found, "\n" + std::to_string(document.pages) + "\n"));
  for (const char* part : {"Paragraph 0 ", "Paragraph 150 ", "Paragraph 299 "})
    CHECK(count(found, part) == 1);
}

TEST_CASE("a paragraph longer than a page loses no letter where it is cut", "[pdf]") {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "word" + std::to_string(i) + (i % 7 == 0 ? "é世界 " : " ");
  const PdfDocument document = compose_pdf(post(text));
  std::string found =
      words(std::regex_replace(Poppler{document.bytes}.text(), std::regex{"\n[0-9]+\n+\f"}, "\f"));
  CHECK(has(found, words(text)));
}

TEST_CASE("a single word of 100 kB wraps", "[pdf]") {
  const std::string text(100 * 1024, 'w');
  const PdfDocument document = compose_pdf(post(text));
  CHECK(document.pages > 50);
  CHECK(count(Poppler{document.bytes}.text(), "w") == text.size());
}

TEST_CASE("a Latin post is a small file", "[pdf]") {
  CHECK(render_pdf(post("The quick brown fox jumps over the lazy dog 0123456789. "
                        "THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG!"))
            .size() < 30'000);
}
