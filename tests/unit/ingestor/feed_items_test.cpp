// Fields of items, each in a feed of its own.
#include <string>
#include <string_view>
#include <vector>

#include "ingestor/live/feed_document.hpp"
#include "tests/catch.hpp"
#include "tests/unit/ingestor/feed_fixture.hpp"

using namespace pullwire;
using namespace pullwire::ingestor;

namespace {

FoundPost only_item(const std::string& fields) {
  return only("<rss version='2.0'><channel><item>" + fields + "</item></channel></rss>");
}

}  // namespace

TEST_CASE("an item without guid is known by its link, without either by its content", "[feed]") {
  CHECK(only_item("<title>t</title><link> https://e.example/a?b=1&amp;c=2\n</link>").id ==
        "https://e.example/a?b=1&c=2");
  CHECK(only_item("<title>t</title><link>/a</link>").id == "https://example.org/a");
  const std::string id = only_item("<title>t</title><description>d</description>").id;
  CHECK(id.size() == 5 + 32);
  CHECK(only_item("<description>d</description><title>t</title>").id == id);
  CHECK(only_item("<title>t</title><description>e</description>").id != id);
  CHECK(only_item("<title>td</title>").id != id);
  CHECK(only_item("<guid isPermaLink='true'>https://e.example/1</guid><title>t</title>").url ==
        "https://e.example/1");
}

TEST_CASE("a title that the text begins with is not said twice", "[feed]") {
  const auto text = [](const std::string& title, const std::string& body) {
    return only_item("<title>" + title + "</title><description>" + body + "</description>").text;
  };
  CHECK(text("A  long day", "A long\nday it was") == "A long\nday it was");
  CHECK(text("A long da...", "A long day it was") == "A long day it was");
  CHECK(text("A long d\u2026", "A long day it was") == "A long day it was");
  CHECK(text("Foot", "Football") == "Foot\n\nFootball");
  CHECK(text("Foot", "Hand") == "Foot\n\nHand");
  CHECK(text("&lt;b&gt;Bold&lt;/b&gt; &amp;mdash; C&lt;T&gt; &lt; D", "x") ==
        "Bold \u2014 C<T> < D\n\nx");
  CHECK(text("<![CDATA[R&D &amp; more]]>", "x") == "R&D & more\n\nx");
}

TEST_CASE("authors are written in many ways", "[feed]") {
  const auto author = [](const std::string& fields) {
    return only_item("<title>t</title>" + fields).author;
  };
  CHECK(author("<author>ada@example.org (Ada Lovelace)</author>") == "Ada Lovelace");
  CHECK(author("<author>Ada Lovelace &lt;ada@example.org&gt;</author>") == "Ada Lovelace");
  CHECK(author("<author>ada@example.org</author>") == "ada@example.org");
  CHECK(author("<author><![CDATA[ @ada ]]></author>") == "ada");
  CHECK(author("<author><name>Ada</name><email>a@b.c</email></author>") == "Ada");
  CHECK(
      author(
          "<dc:creator>Ada</dc:creator><dc:creator>Bob</dc:creator><author>x@y.z (Ada)</author>") ==
      "Ada, Bob");
}

TEST_CASE("what a hashtag cannot hold is left out of a category", "[feed]") {
  const auto tags = [](const std::string& fields) {
    return only_item("<title>t</title>" + fields).hashtags;
  };
  CHECK(tags("<category>Computer Science</category><category>computerscience</category>") ==
        Tags{"ComputerScience"});
  CHECK(tags("<category>R&amp;D; C++ , .NET</category><category>2026</category><category/>") ==
        Tags{"RD", "C", "NET"});
  CHECK(tags("<category>\u8BA1\u7B97\u673A \u79D1\u5B66</category>") ==
        Tags{"\u8BA1\u7B97\u673A\u79D1\u5B66"});
  CHECK(tags("<description>a #B and #b</description><category>B</category>") == Tags{"B"});
}
