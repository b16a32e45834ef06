#include "ingestor/live/feed_charset.hpp"

#include <string>
#include <string_view>

#include "ingestor/live/feed_document.hpp"
#include "tests/catch.hpp"

using namespace pullwire::ingestor;
using namespace std::string_literals;

namespace {

/// The text of the post that is the only one.
std::string title(const std::string& head, const std::string& title,
                  std::string_view content_type = "application/rss+xml") {
  const FeedDocument document = read_feed(head + "<rss><channel><item><guid>1</guid><title>" +
                                              title + "</title></item></channel></rss>",
                                          content_type, "https://example.org/");
  REQUIRE(document.posts.size() == 1);
  return document.posts[0].text;
}

std::string xml(const std::string& encoding) {
  return "<?xml version=\"1.0\" encoding=\"" + encoding + "\"?>\n";
}

std::string wide(std::u16string_view text, bool big) {
  std::string bytes;
  for (const char16_t unit : text) {
    const auto high = static_cast<char>(unit >> 8U);
    const auto low = static_cast<char>(unit & 0xFFU);
    bytes += big ? high : low;
    bytes += big ? low : high;
  }
  return bytes;
}

}  // namespace

TEST_CASE("a feed is read in the encoding that it names", "[feed]") {
  CHECK(title(xml("UTF-8"), "Gr\u00FC\u00DFe") == "Gr\u00FC\u00DFe");
  CHECK(title("\xEF\xBB\xBF" + xml("utf-8"), "Gr\u00FC\u00DFe") == "Gr\u00FC\u00DFe");
  CHECK(title(xml("windows-1251"), "\xCF\xF0\xE8\xE2\xE5\xF2") ==
        "\u041F\u0440\u0438\u0432\u0435\u0442");
  CHECK(title(xml("KOI8-R"), "\xF0\xD2\xC9\xD7\xC5\xD4") == "\u041F\u0440\u0438\u0432\u0435\u0442");
  CHECK(title(xml("ISO-8859-1"), "caf\xE9 \x93quoted\x94") == "caf\u00E9 \u201Cquoted\u201D");
  CHECK(title(xml("iso-8859-2"),
              "\xB3\xF3"
              "d\xBC") == "\u0142\u00F3d\u017A");
  CHECK(title(xml("ISO-8859-15"), "5 \xA4") == "5 \u20AC");
  CHECK(title(xml("Shift_JIS"), "\x93\xFA\x96\x7B\x8C\xEA \x95\x5C") ==
        "\u65E5\u672C\u8A9E \u8868");
  CHECK(title(xml("EUC-JP"), "\xC6\xFC\xCB\xDC\xB8\xEC") == "\u65E5\u672C\u8A9E");
  CHECK(title(xml("gb2312"), "\xD6\xD0\xCE\xC4") == "\u4E2D\u6587");
  CHECK(title(xml("GB18030"), "\xD6\xD0\xCE\xC4\x81\x30\x81\x30") == "\u4E2D\u6587");
  CHECK(title(xml("big5"), "\xA4\xA4\xA4\xE5") == "\u4E2D\u6587");
  CHECK(title(xml("euc-kr"), "\xC7\xD1\xB1\xDB") == "\uD55C\uAE00");
}

TEST_CASE("the header's charset wins over the document's", "[feed]") {
  CHECK(title(xml("UTF-8"), "\xCF\xF0\xE8", "text/xml; charset=windows-1251") ==
        "\u041F\u0440\u0438");
  CHECK(title("", "\xCF\xF0\xE8", "text/xml;Charset = \"CP1251\" ; x=y") == "\u041F\u0440\u0438");
  CHECK(title(xml("windows-1251"), "\xCF\xF0\xE8", "text/xml; charset=nonsense") ==
        "\u041F\u0440\u0438");
}

TEST_CASE("UTF-16 is known by its mark or its zeros", "[feed]") {
  const std::u16string text =
      u"<?xml version='1.0' encoding='UTF-16'?><rss><channel><item><guid>1</guid>"
      u"<title>\u65E5\u672C \U0001F600</title></item></channel></rss>";
  for (const bool big : {false, true}) {
    for (const bool marked : {false, true}) {
      const std::string bytes = wide(marked ? u"\uFEFF" + text : text, big);
      const FeedDocument document = read_feed(bytes, "application/xml", "");
      REQUIRE(document.posts.size() == 1);
      CHECK(document.posts[0].text == "\u65E5\u672C \U0001F600");
    }
  }
  CHECK(title(xml("UTF-16"), "Gr\u00FC\u00DFe") == "Gr\u00FC\u00DFe");
}

TEST_CASE("what an encoding is said to be is not believed against the bytes", "[feed]") {
  CHECK(title(xml("UTF-8"), "caf\xE9 d\xE9j\xE0\xA0: \x96 \x80") ==
        "caf\u00E9 d\u00E9j\u00E0\u00A0: \u2013 \u20AC");
  CHECK(title(xml("ISO-8859-1"), "Gr\u00FC\u00DFe") == "Gr\u00FC\u00DFe");
  CHECK(title(xml("UTF-8"), "Gr\u00FC\u00DFe", "text/xml; charset=iso-8859-1") ==
        "Gr\u00FC\u00DFe");
  CHECK(title(xml("windows-1251"), "\u041F\u0440\u0438\u0432\u0435\u0442") ==
        "\u041F\u0440\u0438\u0432\u0435\u0442");
  CHECK(title(xml("Shift_JIS"), "\u65E5\u672C\u8A9E\u65E5\u672C\u8A9E\u65E5\u672C\u8A9E") ==
        "\u65E5\u672C\u8A9E\u65E5\u672C\u8A9E\u65E5\u672C\u8A9E");
}

TEST_CASE("a torn character in UTF-8 does not turn the rest", "[feed]") {
  const DecodedText torn = decode_text("<a>\u65E5\u672C\xE8\xAA</a> \u00FC \x93", "");
  CHECK(torn.text == "<a>\u65E5\u672C\uFFFD</a> \u00FC \u201C");
  CHECK(torn.damage == "at 2 places it is not UTF-8");
}

TEST_CASE("damage of the encoding is told", "[feed]") {
  CHECK(decode_text("<a>caf\xE9</a>", "").damage ==
        "it is not UTF-8, and was read as windows-1252");
  CHECK(decode_text(xml("klingon") + "\u00FC", "").damage ==
        "it is in an encoding that is not known, \"klingon\"");
  CHECK(decode_text(xml("klingon") + "u", "").damage.empty());
  CHECK(decode_text("a\r\nb\rc\r", "").text == "a\nb\nc\n");
  CHECK(decode_text("\xFF\xFEx", "").text == "\uFFFD");
}
