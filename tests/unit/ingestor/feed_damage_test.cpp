// Feeds as they are in the wild: broken, cut off, or no feeds at all.
#include <string>
#include <string_view>
#include <vector>

#include "ingestor/live/feed_document.hpp"
#include "tests/catch.hpp"

using namespace pullwire;
using namespace pullwire::ingestor;

namespace {

FeedDocument read(std::string_view bytes, std::string_view content_type = "") {
  return read_feed(bytes, content_type, "https://example.org/feed/");
}

std::string rss(const std::string& items) {
  return "<?xml version=\"1.0\"?>\n<rss version=\"2.0\"><channel><title>f</title>\n" + items +
         "\n</channel></rss>\n";
}

std::string item(const std::string& id, const std::string& title) {
  return "<item><guid>" + id + "</guid><title>" + title + "</title></item>";
}

std::vector<std::string> texts(const FeedDocument& document) {
  std::vector<std::string> result;
  for (const FoundPost& post : document.posts) result.push_back(post.text);
  return result;
}

std::string refusal(std::string_view bytes) {
  try {
    read(bytes);
  } catch (const NoFeed& error) {
    return error.what();
  }
  return "";
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("of a document that is cut off the items that are whole are given", "[feed]") {
  const std::string whole = rss(item("1", "one") + "\n" + item("2", "two") + "\n" +
                                "<item><guid>3</guid><title>three</title>"
                                "<description><![CDATA[<p>text</p>]]></description></item>");
  const std::size_t second = whole.find("<item><guid>2");
  const std::size_t third = whole.find("<item><guid>3");
  const std::size_t end = whole.find("\n</channel>");
  const std::size_t last = whole.rfind("</rss>") + 5;  // without its >
  for (std::size_t size = second + 1; size <= last; ++size) {
    const FeedDocument document = read(whole.substr(0, size));
    const std::size_t count = size < third - 1 ? 1 : size < end ? 2 : 3;
    CAPTURE(size, document.damage);
    CHECK(document.posts.size() == count);
    CHECK(document.skipped.empty());
    CHECK_THAT(document.damage, Catch::Matchers::StartsWith("it is cut off at line "));
  }
  CHECK(read(whole.substr(0, third + 10)).damage ==
        "it is cut off at line 5, in item 3, which is left out");
  CHECK(read(whole.substr(0, third)).damage == "it is cut off at line 5, behind item 2");
  CHECK(read(whole).damage.empty());
}

TEST_CASE("of JSON that is cut off the items that are whole are given", "[feed]") {
  const std::string whole =
      R"({"title":"x","items":[{"id":"1","content_text":"one"},{"id":"2","content_text":"t\"w]o"} ]})";
  const std::size_t second = whole.find(R"({"id":"2)");
  for (std::size_t size = whole.find('[') + 1; size < whole.size(); ++size) {
    const FeedDocument document = read(whole.substr(0, size));
    CAPTURE(size);
    CHECK(document.posts.size() == (size < second - 1 ? 0 : size < whole.size() - 3 ? 1 : 2));
    CHECK_THAT(document.damage, Catch::Matchers::StartsWith("it is cut off"));
  }
}

TEST_CASE("signs that begin nothing are text", "[feed]") {
  const FeedDocument document = read(rss(
      "<item><guid>1</guid><title>AT&T & 2 < 3 &nbsp;&unknown; <3</title>"
      "<link>https://e.example/?a=1&b=2&copy=3</link>"
      "<enclosure url=\"https://e.example/a.png?x=1&y=2\" type='image/png'></enclosure></item>"));
  REQUIRE(document.posts.size() == 1);
  CHECK(document.posts[0].text == "AT&T & 2 < 3 \u00A0&unknown; <3");
  CHECK(document.posts[0].url == "https://e.example/?a=1&b=2&copy=3");
  REQUIRE(document.posts[0].media.size() == 1);
  CHECK(document.posts[0].media[0].url == "https://e.example/a.png?x=1&y=2");
}

TEST_CASE("markup that should have been escaped is markup", "[feed]") {
  const FeedDocument document =
      read(rss("<item><guid>1</guid><title>A <b>bold</b> one</title>"
               "<description>one<br>two <p>three & <img src=\"https://e.example/i.png\"> "
               "four</description></item>" +
               item("2", "next")));
  REQUIRE(document.posts.size() == 2);
  CHECK(document.posts[0].text == "A bold one\n\none\ntwo\n\nthree & four");
  CHECK(document.posts[0].media.size() == 1);
  CHECK(document.posts[1].text == "next");
}

TEST_CASE("tags that are missing or wrong cost no other item", "[feed]") {
  CHECK(texts(read(rss("<item><guid>1</guid><title>one</title>" + item("2", "two")))) ==
        Texts{"one", "two"});
  CHECK(texts(read(rss("<item><guid>1</guid><title>one</title></b></entry></item>" +
                       item("2", "two")))) == Texts{"one", "two"});
  const FeedDocument unclosed = read(
      rss(item("0", "zero") + "<item><guid>1</guid><title>one<description>d</description></item>" +
          item("2", "two")));
  CHECK(texts(unclosed) == Texts{"zero", "two"});
  REQUIRE(unclosed.skipped.size() == 1);
  CHECK(unclosed.skipped[0].item == 2);
  CHECK(unclosed.skipped[0].why == "<title> is not closed");
  CHECK(unclosed.damage == "line 3: <title> is not closed");
  CHECK(texts(read("<br />\n<b>Warning</b>: Undefined variable in <b>x.php</b><br />\n" +
                   rss(item("1", "one")))) == Texts{"one"});
  CHECK(texts(read(rss(item("1", "one")) + "<!-- 0.3 s --> <script>x</script>")) == Texts{"one"});
  CHECK(texts(read("<RSS><channel>" + item("1", "one") + "</channel></RSS>")) == Texts{"one"});
}

TEST_CASE("of an id that repeats the first item stands", "[feed]") {
  const FeedDocument document = read(rss(item("a", "one") + item("a", "two") + "<item></item>" +
                                         item(" a\n", "three") + item("b", "four")));
  CHECK(texts(document) == Texts{"one", "four"});
  CHECK(document.damage.empty());
  REQUIRE(document.skipped.size() == 3);
  CHECK(document.skipped[0].item == 2);
  CHECK(document.skipped[0].why == "has the id of one before, \"a\"");
  CHECK(document.skipped[1].why == "has neither title nor text");
  CHECK(document.skipped[2].item == 4);
}

TEST_CASE("control characters and what is no character do not get into posts", "[feed]") {
  using namespace std::string_literals;
  const FeedDocument document =
      read(rss("<item><guid>a\x01&#2;&#x1b;b\u0085</"
               "guid><title>x\0y&#0;\x7F&#xD800;&#x110000;&#133;\xFF</title>"
               "<description>&lt;p&gt;a&amp;#1;\x0B z&lt;/p&gt;</description></item>"s));
  REQUIRE(document.posts.size() == 1);
  CHECK(document.posts[0].id == "ab");
  CHECK(document.posts[0].text.substr(0, 13) == "xy\uFFFD\uFFFD\u2026\u00FF");
  for (const char c : document.posts[0].text + document.posts[0].html) {
    CHECK((static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t'));
  }
}

TEST_CASE("entities that the document declares are not expanded", "[feed]") {
  const FeedDocument document = read(
      "<!DOCTYPE rss [<!ENTITY a \"'>aaaa\"><!-- ' ]> --><!ENTITY b '&a;&a;'>"
      "<!ENTITY % p SYSTEM 'file:///etc/passwd'>%p;]>" +
      rss(item("1", "x &b; y")));
  CHECK(texts(document) == Texts{"x &b; y"});
}

TEST_CASE("what is no feed is refused in one line that says what to do", "[feed]") {
  CHECK(refusal("") == "is empty: look at what is there with a browser");
  CHECK(refusal(" \r\n\t ") == "is empty: look at what is there with a browser");
  CHECK(refusal("<!DOCTYPE html><html><head><link rel='stylesheet' href='x.css'>"
                "<link href='/feed?a=1&amp;b=2' type=\"application/rss+xml\" rel=alternate "
                "title=x></head>") ==
        "is a web page, not a feed: use https://example.org/feed?a=1&b=2");
  CHECK(refusal("<!doctype HTML>\n<p>hello") ==
        "is a web page, not a feed, and names none: give the URL of its feed");
  CHECK(refusal("<html><link rel=alternate type='application/atom+xml' href='javascript:x'>") ==
        "is a web page, not a feed, and names none: give the URL of its feed");
  CHECK(refusal("<urlset><url/></urlset>") ==
        "is no feed, but something that begins with <urlset>: give the URL of an RSS, Atom or JSON "
        "feed");
  CHECK(refusal("Not found") == "has no element of a feed: look at what is there with a browser");
  CHECK(refusal(std::string_view{"\x89PNG\r\n\x1a\n\0\0\0", 11}) ==
        "is a binary file, not a feed: give the URL of an RSS, Atom or JSON feed");
  CHECK(refusal("\x1f\x8b\x08") ==
        "is compressed and does not say so: the server must send Content-Encoding: gzip");
  CHECK(refusal(R"({"error":"not found"})") ==
        "is JSON, but no JSON Feed: it has no items; give the URL of a feed");
  CHECK(refusal(std::string(kMostFeedBytes + 1, ' ')) ==
        "has 16777217 bytes, at most 16777216 are read");
}
