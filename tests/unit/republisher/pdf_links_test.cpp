#include <sstream>
#include <string>

#include "republisher/render/renderer.hpp"
#include "tests/catch.hpp"
#include "tests/unit/republisher/pdf_document.hpp"

using namespace pullwire;
using namespace pullwire::republisher;

TEST_CASE("URLs can be clicked on every line they take", "[pdf]") {
  const std::string path = "https://example.org/" + std::string(150, 'x');
  Post linked = post("See " + path + " and (http://example.com/a(b)).");
  const std::string text = "See " + path + " and (http://example.com/a(b)).";
  linked.text = text;
  linked.url = "https://example.org/@ada/1";
  linked.media = {{"image", "https://example.org/cat.png", "A cat"}};
  const std::string urls = Poppler{render_pdf(linked)}.urls();
  CAPTURE(urls);
  CHECK(count(urls, path) > 1);
  CHECK(has(urls, "http://example.com/a(b)\n"));
  CHECK(has(urls, "https://example.org/@ada/1\n"));
  CHECK(has(urls, "https://example.org/cat.png\n"));
}

TEST_CASE("hashtags lead to the post's platform if that is known", "[pdf]") {
  Post tagged = post("About #建築 today");
  tagged.hashtags = {"建築"};
  tagged.source = "mastodon/social.example";
  CHECK(
      has(Poppler{render_pdf(tagged)}.urls(), "https://social.example/tags/%E5%BB%BA%E7%AF%89\n"));
  tagged.source = "x";
  tagged.url = "https://x.com/ada/status/1";
  CHECK(has(Poppler{render_pdf(tagged)}.urls(), "https://x.com/hashtag/%E5%BB%BA%E7%AF%89\n"));
}

TEST_CASE("hashtags of an unknown platform lead to the list below", "[pdf]") {
  Post tagged = post("About #code and #نص today");
  tagged.hashtags = {"code", "نص"};
  const std::string bytes = render_pdf(tagged);
  CHECK(count(bytes, "/Subtype /Link") == 2);
  CHECK(has(bytes, "/Dest ["));
  CHECK_FALSE(has(Poppler{bytes}.urls(), "http"));
}

TEST_CASE("a document has at most two thousand links", "[pdf]") {
  std::string text;
  for (int i = 0; i < 2'100; ++i) text += "#a ";
  Post tagged = post(text);
  tagged.text = text;
  tagged.source = "mastodon/e.org";
  CHECK(count(Poppler{render_pdf(tagged)}.urls(), "https://e.org/tags/a\n") == 2'000);
}

TEST_CASE("a stranger's URL cannot break out of its link", "[pdf]") {
  Post hostile = post(
      "https://e.org/'%20uri='javascript:alert(1)' https://e.org/\\'x)/URI(file:///etc/passwd) "
      "javascript:alert(2)");
  hostile.url = "https://e.org/' dest='x' uri='file:///etc/passwd";
  hostile.source = "mastodon/e.org' uri='javascript:1";
  hostile.author_name = ") /Title (x\\";
  hostile.hashtags = {"a' uri='x", ")\\"};
  hostile.media = {{"image", "javascript:alert(3)", "'"}, {"", "file:///etc/passwd", ""}};
  const Poppler document{render_pdf(hostile)};
  const std::string urls = document.urls();
  std::istringstream lines{urls};
  std::string line;
  std::getline(lines, line);  // the heading
  std::size_t links = 0;
  while (std::getline(lines, line)) {
    CAPTURE(line);
    CHECK(has(line, "Annotation    https://e.org/"));
    CHECK(line.find_first_of("'\\\"") == std::string::npos);
    ++links;
  }
  CHECK(links >= 3);
  CHECK(has(document.run("pdfinfo"), ") /Title (x\\ (@ada)"));
}
