// What is kept of HTML, and how it reads as text. Hostile bodies: clean_html_bodies_test.cpp.
#include "ingestor/live/clean_html.hpp"

#include <chrono>

#include "tests/catch.hpp"
#include "tests/sanitized.hpp"
#include "tests/unit/ingestor/clean_html_check.hpp"

using namespace pullwire::ingestor;
using namespace pullwire::tests;

namespace {

const std::string kBase = "https://example.org/a/b";
const std::string kRel = " rel=\"nofollow noopener noreferrer\"";

std::string html_of(const std::string& html) {
  return clean_html(html, kBase).html;
}

std::string text_in(const std::string& html) {
  return clean_html(html, kBase).text;
}

std::string target_of(const std::string& href) {
  const auto links = links_of(html_of("<a href=\"" + href + "\">label</a>"));
  return links.empty() ? "" : links.front();
}

std::string repeated(const std::string& text, std::size_t times) {
  std::string all;
  all.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

}  // namespace

TEST_CASE("elements on the list stay as they are", "[clean_html]") {
  for (const std::string& html : {
           std::string{"<p>One <em>two</em>.</p><p>Three<br/>four</p>"},
           std::string{"<h2>Title</h2><blockquote><p>Said</p></blockquote><hr/>"},
           std::string{"<ul><li>one</li><li>two<ol><li>three</li></ol></li></ul>"},
           std::string{"<pre><code>if (a &lt; b) {\n\tc();\n}</code></pre>"},
           std::string{"<table><tr><th>a</th><td>b</td></tr></table>"},
           std::string{"<figure><figcaption>Caption</figcaption></figure>"},
           std::string{"<dl><dt>a</dt><dd>b</dd></dl>"},
           std::string{
               "H<sub>2</sub>O x<sup>2</sup> <del>a</del> <s>b</s> <b>c</b> <i>d</i> <u>e</u>"},
           "<p lang=\"he\" dir=\"rtl\">א</p><a href=\"https://e.org/?a=1&amp;b=2\"" + kRel +
               " title=\"t\">x</a>",
       }) {
    CHECK(html_of(html) == html);
    CHECK(faults_of(html) == std::vector<std::string>{});
  }
}

TEST_CASE("elements that are not on the list go, their text stays", "[clean_html]") {
  CHECK(html_of("<span class=x>a</span> <font color=red>b</font> <made-up>c</made-up>") == "a b c");
  CHECK(html_of("<div>one</div><div>two</div>") == "<p>one</p><p>two</p>");
  CHECK(html_of("<div>a<div>b</div>c</div>") == "<p>a</p><p>b</p><p>c</p>");
  CHECK(html_of("<h2><div>a</div><div>b</div></h2>") == "<h2>a<br/>b</h2>");
  CHECK(html_of("<li>a</li><td>b</td>") == "<p>a</p>b");
  CHECK(html_of("<table><caption>c</caption><tr><td>d") ==
        "<p>c</p><table><tr><td>d</td></tr></table>");
  CHECK(
      html_of("a<script>b</script><style>c</style><template>d</template><noscript>e</noscript>"
              "<iframe>f</iframe><object>g</object><svg><a>h</a></svg><math><mi>i</mi></math>j") ==
      "aj");
  CHECK(html_of("<form>a<input value=b><textarea>c</textarea><button>d</button></form>") ==
        "<p>a</p>");
  CHECK(html_of("a<!-- b -->c<![CDATA[d]]>e<?f?>g") == "aceg");
}

TEST_CASE("what is not closed, not open or empty is put right", "[clean_html]") {
  CHECK(html_of("<p>a<p>b<ul><li>c<li>d") == "<p>a</p><p>b</p><ul><li>c</li><li>d</li></ul>");
  CHECK(html_of("<b>a<p>b</b>c") == "<b>a</b><p><b>b</b>c</p>");
  CHECK(html_of("</b>a</div></body></html>b</table>c") == "abc");
  CHECK(html_of("<p></p><b><i></i></b><ul><li></li></ul> <div> </div>").empty());
  CHECK(html_of("a<p></p>b") == "a<br/>b");
  CHECK(html_of("<a href=/x>a<a href=/y>b") == "<a href=\"https://example.org/x\"" + kRel +
                                                   ">a</a>" + "<a href=\"https://example.org/y\"" +
                                                   kRel + ">b</a>");
  CHECK(html_of("<frameset><frame>a") == "a");
  CHECK(html_of("").empty());
}

TEST_CASE("text is escaped, and escaped once", "[clean_html]") {
  CHECK(html_of("&lt;script&gt; &amp;lt; &amp; a < b > c \"d\" &eacute;&nbsp;&#x1F600;") ==
        "&lt;script&gt; &amp;lt; &amp; a &lt; b &gt; c &quot;d&quot; é\u00A0😀");
  CHECK(text_in("&lt;script&gt; &amp;lt; &#0; &#x1b; &#xFFFF; &#xD800;x\xFFy") ==
        "<script> &lt; \uFFFD \uFFFDx\uFFFDy");
}

TEST_CASE("links are absolute, to the web or to mail", "[clean_html]") {
  CHECK(target_of("https://e.org") == "https://e.org/");
  CHECK(target_of("HTTP://e.org/a") == "http://e.org/a");
  CHECK(target_of(" h\nttps://e.org/\ta ") == "https://e.org/a");
  CHECK(target_of("https:\\\\e.org\\a?b\\c") == "https://e.org/a?b\\c");
  CHECK(target_of("https:e.org") == "https://e.org/");
  CHECK(target_of("https://user:password@e.org/a") == "https://e.org/a");
  CHECK(target_of("https://e.org/a b/ä") == "https://e.org/a%20b/%c3%a4");
  CHECK(target_of("//e.org/x") == "https://e.org/x");
  CHECK(target_of("\\\\e.org/x") == "https://e.org/x");
  CHECK(target_of("c?d=e#f") == "https://example.org/a/c?d=e#f");
  CHECK(target_of("../c") == "https://example.org/c");
  CHECK(target_of("?q=/../r") == "https://example.org/a/b?q=/../r");
  CHECK(target_of("#f") == "https://example.org/a/b#f");
  CHECK(target_of("MailTo:a@e.org?subject=x y") == "mailto:a@e.org?subject=x%20y");
  for (const char* href : {"javascript:x",
                           "&#106;avascript:x",
                           "java\tscript:x",
                           "\x01javascript:x",
                           "&#1;javascript:x",
                           "JAVASCRIPT&colon;x",
                           "data:text/html,x",
                           "vbscript:x",
                           "file:///etc/passwd",
                           "ftp://e.org",
                           "blob:x",
                           "about:blank",
                           "cid:1",
                           "x-custom:1",
                           "https://",
                           "https:///",
                           "https://e.org:99999/",
                           "https://a b.org/",
                           "mailto:",
                           ""}) {
    CAPTURE(href);
    CHECK(target_of(href).empty());
    CHECK(html_of("<a href=\"" + std::string{href} + "\">label</a>") == "label");
  }
  CHECK(clean_html("<a href=/x>a</a>", "").html == "a");
  CHECK(clean_html("<a href=/x>a</a>", "javascript:x").html == "a");
  CHECK(target_of("https://e.org/" + repeated("x", 5000)).empty());
}

TEST_CASE("text reads as the page does", "[clean_html]") {
  CHECK(text_in("<p>One\n two.</p>\n<p>Three<br>four</p>") == "One two.\n\nThree\nfour");
  CHECK(text_in("a<div>b</div>c<hr>d") == "a\n\nb\n\nc\n\nd");
  CHECK(text_in("<p>a</p><ul><li>b</li><li><p>c</p><ul><li>d</li></ul></li></ul><p>e</p>") ==
        "a\n\n- b\n- c\n  - d\n\ne");
  CHECK(text_in("<pre>\na  b\n\n  c\n</pre>d") == "a  b\n\n  c\n\nd");
  CHECK(text_in("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>") == "a b\nc");
  CHECK(text_in("a <b> b </b> c<script>d</script>e") == "a b ce");
  CHECK(text_in("<h1>a</h1><blockquote>b</blockquote>") == "a\n\nb");
}

TEST_CASE("a link's target stands behind its label, once", "[clean_html]") {
  CHECK(text_in("see <a href='https://e.org/x'>this</a>.") == "see this (https://e.org/x).");
  CHECK(text_in("<a href='mailto:a@e.org'>Ada</a> <a href='mailto:a@e.org'>a@e.org</a>") ==
        "Ada (a@e.org) a@e.org");
  for (const char* label : {"https://e.org/x", "e.org/x", "http://e.org/x/", "HTTPS://e.org/x"}) {
    CHECK(text_in("<a href='https://e.org/x'>" + std::string{label} + "</a>") == label);
  }
  CHECK(text_in("<a href='https://e.org'>https://e.org</a>") == "https://e.org");
  CHECK(text_in("<a href='https://e.org/t/c'>#<span>c</span></a> <a href='/@ada'>@ada</a>") ==
        "#c @ada");
  CHECK(text_in(
            "<a href=\"https://e.org/very/long/path\"><span class=\"invisible\">https://</span>"
            "<span class=\"ellipsis\">e.org/very</span><span class=\"invisible\">/long/path</span>"
            "</a>") == "https://e.org/very/long/path");
  CHECK(text_in("<a href='https://e.org/very/long'>e.org/ver…</a>") == "https://e.org/very/long");
  CHECK(text_in("<a href='https://e.org/ä'>https://e.org/ä</a>") == "https://e.org/ä");
  CHECK(text_in("<a href='https://e.org/x'><img src='y'></a>a") == "a");
  CHECK(text_in("<a href='javascript:x'>a</a>") == "a");
}

TEST_CASE("images are listed, but not those that count readers", "[clean_html]") {
  const auto clean = clean_html(
      "a<img src='/1.png' alt=' one '><img src=\"https://e.org/2\"><img src=/1.png>"
      "<img src=data:x><img src=javascript:x><img src=/3 width=1 height=1><img>"
      "<img src='/4' style='Display : none'><img src='data:x' data-src='/5'>"
      "<img class='wp-smiley' src='/6' alt='😀'>",
      kBase);
  REQUIRE(clean.images.size() == 3);
  CHECK(clean.images[0].url == "https://example.org/1.png");
  CHECK(clean.images[0].type == "image");
  CHECK(clean.images[0].alt == "one");
  CHECK(clean.images[1].url == "https://e.org/2");
  CHECK(clean.images[2].url == "https://example.org/5");
  CHECK(clean.html == "a😀");
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "<img src=/" + std::to_string(i) + ">";
  CHECK(clean_html(many, kBase).images.size() == CleanHtmlLimits::kImages);
}

TEST_CASE("what costs more than it says takes bounded time and keeps its text", "[clean_html]") {
  using Clock = std::chrono::steady_clock;
  const std::size_t n = pullwire::tests::kSanitized ? 30'000 : 100'000;
  std::string attributes;
  std::string fonts;
  for (std::size_t i = 0; i < n; ++i) {
    attributes += " a" + std::to_string(i);
    fonts += "<font size=" + std::to_string(i) + ">";
  }
  const std::vector<std::string> bodies{
      repeated("<div>", n) + "text",
      repeated("<b>", n) + "text" + repeated("</b>", n),
      repeated("<blockquote>", n) + "text",
      repeated("<ul><li>", n) + "text",
      repeated("<table><tr><td>", n) + "text",
      repeated("<i>", 600) + repeated("</li>", n) + "text",
      repeated("<svg>", n) + "</svg>text",
      fonts + repeated("<p>x", n) + "text",
      "<b title='" + std::string(n, 'x') + "'>" + repeated("<p>x", n) + "text",
      "<p" + attributes + ">text",
      repeated("<a href=/x>", n) + "text",
      repeated("<!--", n) + "-->text",
      repeated("<table>x", n) + "text",
      repeated("<p>x", n) + "text",
      repeated("<b>x</b>", n) + "text",
      repeated("&amp;<", n) + " text",
  };
  for (const std::string& body : bodies) {
    CAPTURE(body.substr(0, 40));
    const auto start = Clock::now();
    const auto clean = clean_html(body, kBase);
    const std::chrono::duration<double> took = Clock::now() - start;
    CHECK(took.count() < (pullwire::tests::kSanitized ? 15 : 3));
    const bool kept = clean.text.find("text") != std::string::npos || body.starts_with("<svg>");
    CHECK(kept);
    CHECK(faults_of(clean.html) == std::vector<std::string>{});
    CHECK(clean_html(clean.html, "").html == clean.html);
  }
}

TEST_CASE("what the parser contradicts itself on is taken for text", "[clean_html]") {
  const auto clean =
      clean_html("<p>a</p><table><svg><desc><![CDATA[b]]>c<td><a href=/x>d<a>e", kBase);
  CHECK(clean.html == "a<p>c</p><p>de</p>");
  CHECK(clean.text == "a\n\nc\n\nde");
}

TEST_CASE("16 MB of text are read, what is too long is left out", "[clean_html]") {
  const auto clean = clean_html(repeated("word ", CleanHtmlLimits::kInputBytes / 5 + 100), "");
  CHECK(clean.html.empty());
  CHECK(clean.text.size() == CleanHtmlLimits::kTextBytes);
  const std::string image = "<img src='data:x," + std::string(4'000'000, 'x') + "'>";
  CHECK(clean_html(image + "<p>text</p>", "").html == "<p>text</p>");
}
