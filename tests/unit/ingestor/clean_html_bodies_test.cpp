// Hostile bodies: elements, attributes, spellings and ways to break them, each with each, and
// known kinds of attack. What comes out is looked at by clean_html_check.
#include <string>
#include <string_view>
#include <vector>

#include "ingestor/live/clean_html.hpp"
#include "tests/catch.hpp"
#include "tests/unit/ingestor/clean_html_check.hpp"

using namespace std::string_literals;
using namespace pullwire::ingestor;
using namespace pullwire::tests;

namespace {

constexpr std::string_view kBefore = "<p>before <a href=\"https://good.example/x\">good</a></p>";
constexpr std::string_view kAfter = "<p>after <a href=\"https://good.example/y\">good</a></p>";

const std::vector<std::string> kElements{
    "a",         "abbr",    "address", "animate",  "applet",     "area",     "article", "audio",
    "b",         "base",    "bgsound", "blink",    "blockquote", "body",     "br",      "button",
    "canvas",    "caption", "center",  "code",     "col",        "dd",       "details", "dialog",
    "div",       "dl",      "embed",   "fieldset", "figure",     "font",     "form",    "frame",
    "h1",        "head",    "hr",      "html",     "iframe",     "image",    "img",     "input",
    "isindex",   "keygen",  "layer",   "li",       "link",       "listing",  "map",     "marquee",
    "math",      "menu",    "meta",    "meter",    "mglyph",     "nobr",     "object",  "ol",
    "optgroup",  "option",  "p",       "param",    "picture",    "pre",      "q",       "ruby",
    "script",    "select",  "slot",    "source",   "span",       "style",    "sub",     "summary",
    "svg",       "table",   "tbody",   "td",       "template",   "textarea", "th",      "title",
    "tr",        "track",   "tt",      "u",        "ul",         "video",    "wbr",     "xml",
    "x-made-up", "xss:ns"};

const std::vector<std::string> kUrlAttributes{"href",   "src",        "xlink:href", "action",
                                              "data",   "formaction", "srcdoc",     "background",
                                              "poster", "codebase",   "cite",       "longdesc"};

const std::vector<std::string> kHandlers{"onerror",
                                         "onload",
                                         "ONCLICK",
                                         "onmouseover",
                                         "onfocus autofocus onfocus",
                                         "style",
                                         "class",
                                         "id",
                                         "contenteditable onbeforeinput",
                                         "on\xC4\xB1nput"};

/// One URL in the spellings that browsers take for the same.
const std::vector<std::string> kUrls{
    "javascript:EVIL()",
    "JaVaScRiPt:EVIL()",
    " javascript:EVIL()",
    "java\tscript:EVIL()",
    "java\nscript:EVIL()",
    "\x01javascript:EVIL()",
    "java\0script:EVIL()"s,
    "javascript&colon;EVIL&lpar;&rpar;",
    "&#106;&#97;&#118;ascript:EVIL()",
    "&#x6A&#x61vascript:EVIL()",
    "&#0000106avascript:EVIL()",
    "java&Tab;script:EVIL()",
    "java&NewLine;script:EVIL()",
    "&#14; javascript:EVIL()",
    "javascript://good.example/%0aEVIL()",
    "feed:javascript:EVIL()",
    "view-source:javascript:EVIL()",
    "data:text/html,<script>EVIL()</script>",
    "data:text/html;base64,RVZJTA==",
    "DATA:image/svg+xml,EVIL",
    "vbscript:EVIL()",
    "livescript:EVIL()",
    "mocha:EVIL()",
    "file:///etc/EVIL",
    "\\\\share.example\\x",
    "blob:https://good.example/EVIL",
    "filesystem:https://good.example/EVIL",
    "intent://EVIL#Intent;end",
};

struct Body {
  std::string html;
  bool whole = true;  ///< what stands behind it must survive, and nothing of EVIL
};

/// `attribute` with its value around each kind of breakage.
std::vector<Body> broken(const std::string& element, const std::string& attribute,
                         const std::string& value) {
  const std::string set = attribute + "=\"" + value + "\"";
  return {
      {"<" + element + " " + set + ">inside</" + element + ">"},
      {"<" + element + " " + set + "/>", false},
      {"<" + element + "/" + set + "/x>inside", false},
      {"<" + element + " " + attribute + "='" + value + "'>inside", false},
      {"<" + element + " " + attribute + "=" + value + " >inside</" + element + ">", false},
      {"<" + element + " " + attribute + " = \"" + value, false},
      {"<<" + element + " " + set + ">>inside</" + element + " x=\"y\">"},
      {"<svg><" + element + " " + set + ">inside</" + element + "></svg>", false},
      {"<table><" + element + " " + set + ">inside</" + element + "></table>", false},
      {"<b><p></b><" + element + " " + set + "></b></p>", false},
      {"<math><mtext><" + element + " " + set + "></mtext></math>", false},
      {"<!--><" + element + " " + set + "-->", false},
      {"<" + element + " x=`<" + element + " " + set + ">`>", false},
  };
}

/// Known kinds of attack that the product does not have.
const std::vector<Body> kKnown{
    // Content that looks different to two parsers.
    {"<noscript><p title=\"</noscript><img src=x onerror=EVIL()>\"></noscript>", false},
    {"<style><img title=\"</style><img src=x onerror=EVIL()>\">", false},
    {"<title><a id=\"</title><img src=x onerror=EVIL()>\">", false},
    {"<textarea><b title=\"</textarea><script>EVIL()</script>\">", false},
    {"<xmp><p title=\"</xmp><svg onload=EVIL()>\">", false},
    {"<iframe><p title=\"</iframe><img src=x onerror=EVIL()>\">", false},
    {"<noembed><i title=\"</noembed><script>EVIL()</script>\">", false},
    {"<noframes><i title=\"</noframes><script>EVIL()</script>\">", false},
    {"<plaintext><script>EVIL()</script>", false},
    {"<select><style></select><img src=x onerror=EVIL()></style>", false},
    {"<svg><style><img title=\"</style><img src=x onerror=EVIL()>\"></style></svg>", false},
    {"<svg></p><style><a id=\"</style><img src=1 onerror=EVIL()>\">", false},
    {"<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 "
     "onerror=EVIL()&gt;\">",
     false},
    {"<form><math><mtext></form><form><mglyph><style></math><img src onerror=EVIL()>", false},
    {"<math><annotation-xml encoding=\"text/html\"><style></annotation-xml><img src=x "
     "onerror=EVIL()>",
     false},
    {"<svg><foreignObject><p><style></foreignObject></svg><script>EVIL()</script>", false},
    {"<svg><desc><table><tr><td><svg><script>EVIL()</script>", false},
    {"<svg><![CDATA[><img src=x onerror=EVIL()>]]></svg>", false},
    {"<template><script>EVIL()</script></template>"},
    {"<template><template></template><img src=x onerror=EVIL()></template>"},
    // Comments and declarations.
    {"<!--><img src=x onerror=EVIL()>-->", false},
    {"<!-- --!><img src=x onerror=EVIL()> -->", false},
    {"<!--[if gte IE 4]><script>EVIL()</script><![endif]-->"},
    {"<!-- <!-- --> <script>EVIL()</script> -->", false},
    {"<? echo ?><script>EVIL()</script>", false},
    {"<!DOCTYPE html [<!ENTITY x \"EVIL\">]>&x;", false},
    {"<![CDATA[<script>EVIL()</script>]]>", false},
    {"<%<script>EVIL()</script>%>", false},
    {"</ <script>EVIL()</script>>", false},
    // Tags that are not what they seem.
    {"<scr<script>ipt>EVIL()</scr</script>ipt>", false},
    {"<script/x>EVIL()</script\n>"},
    {"<SCRIPT SRC=https://e.org/x.js></SCRIPT>"},
    {"<script\x0C>EVIL()</script>"},
    {"<scr\0ipt>EVIL()</scr\0ipt>"s},
    {"<script>EVIL()", false},
    {"<script><!--<script>EVIL()</script>--></script>", false},
    {"<\xEF\xBC\x9Cscript>EVIL()"s, false},
    {"\xC0\xBCscript>x", false},
    {"+ADw-script+AD4-x", false},
    {"<img \"\"\"><script>EVIL()</script>\">", false},
    {"<img src=\"x:gif\" onerror=\"EVIL()\"\n", false},
    {"<a\x0Bhref=\"javascript:EVIL()\">x</a>", false},
    {"<a href=javascript:EVIL()//https://e.org>x</a>"},
    {"<a href=\"https://e.org/\" href=\"javascript:EVIL()\">x</a>"},
    {"<a title=\"x\" onclick=EVIL() href=https://e.org/>x</a>"},
    {"<a href='https://e.org/\"onclick=x'>x</a>"},
    {"<a href=\"https://e.org/&quot;&gt;&lt;script&gt;x\">x</a>"},
    {"<a title='\"><script>x</script>'>x</a>"},
    {"<abbr title=\"&quot; onmouseover=&quot;x\">x</abbr>"},
    {"<p lang='\"><img src=x onerror=x>' dir='rtl onclick=x'>x</p>"},
    // Ways to load, send or cover.
    {"<meta http-equiv=refresh content=\"0;url=javascript:EVIL()\">"},
    {"<base href=\"javascript:EVIL()//\"><a href=x>x</a>"},
    {"<link rel=stylesheet href=data:,EVIL>"},
    {"<object data=\"javascript:EVIL()\"><param name=x value=EVIL></object>"},
    {"<embed src=\"javascript:EVIL()\">"},
    {"<iframe srcdoc=\"<script>EVIL()</script>\"></iframe>"},
    {"<form action=javascript:EVIL()><input type=submit></form>"},
    {"<form id=x></form><button form=x formaction=javascript:EVIL()>x</button>"},
    {"<isindex action=javascript:EVIL() type=image>", false},
    {"<input autofocus onfocus=EVIL()>"},
    {"<details open ontoggle=EVIL()>x</details>"},
    {"<marquee onstart=EVIL()>x</marquee>"},
    {"<video><source onerror=EVIL()></video>"},
    {"<svg><a xlink:href=\"javascript:EVIL()\"><text>x</text></a></svg>"},
    {"<svg><animate attributeName=href values=javascript:EVIL() /></svg>"},
    {"<svg><use href=\"data:image/svg+xml,EVIL\"/></svg>"},
    {"<math href=\"javascript:EVIL()\">x</math>"},
    {"<div style=\"background:url(javascript:EVIL())\">x</div>"},
    {"<div style=\"position:fixed;inset:0\">x</div>"},
    {"<p style=\"x:expression(EVIL())\">x</p>"},
    {"<style>@import 'javascript:EVIL()';</style>"},
    {"<table background=\"javascript:EVIL()\"><td>x</td></table>"},
    {"<img name=getElementById><form name=body></form>"},
    {"<a href=https://e.org/ target=_blank ping=https://e.org/EVIL>x</a>"},
    {"<a href=https://e.org@evil.example/>x</a>"},
};

/// What is wrong with what is left of the body; "" if all is well.
std::string fault_of(const Body& body) {
  const std::string html = std::string{kBefore} + body.html + std::string{kAfter};
  const CleanHtml clean = clean_html(html, "https://base.example/");
  for (const std::string& fault : faults_of(clean.html)) return fault;
  if (clean_html(clean.html, "").html != clean.html) return "not the same when cleaned again";
  const std::string text = text_of(clean.html);
  const auto links = links_of(clean.html);
  if (!text.starts_with("before good") || links.empty() ||
      links.front() != "https://good.example/x" ||
      !clean.text.starts_with("before good (https://good.example/x)")) {
    return "what stands before is lost";
  }
  for (const FoundMedia& image : clean.images) {
    if (!image.url.starts_with("https://") && !image.url.starts_with("http://")) return image.url;
  }
  if (!body.whole) return {};
  if (!text.ends_with("after good") || links.back() != "https://good.example/y" ||
      !clean.text.ends_with("after good (https://good.example/y)")) {
    return "what stands behind is lost";
  }
  return clean.html.find("EVIL") == std::string::npos ? "" : "EVIL";  // broken, it can be text
}

void check(const Body& body) {
  const std::string fault = fault_of(body);
  if (fault.empty()) return;
  CAPTURE(body.html, clean_html(body.html, "https://base.example/").html);
  CHECK(fault == "");
}

/// Elements whose end tag or content makes what follows part of them.
bool swallows(const std::string& element) {
  static const std::vector<std::string> some{"frame", "html", "head", "body", "param", "plaintext"};
  for (const std::string& one : some) {
    if (one == element) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("no URL of a foreign scheme survives in any element or attribute", "[clean_html]") {
  std::size_t bodies = 0;
  for (std::size_t e = 0; e < kElements.size(); ++e) {
    for (std::size_t u = 0; u < kUrls.size(); ++u) {
      const std::string& attribute = kUrlAttributes[(e + u) % kUrlAttributes.size()];
      const std::string& name = u % 3 == 0 ? "href" : attribute;
      const auto all = broken(kElements[e], name, kUrls[u]);
      for (std::size_t way = (e + u) % 5; way < all.size(); way += 5) {
        Body body = all[way];
        body.whole = body.whole && !swallows(kElements[e]);
        check(body);
        ++bodies;
      }
    }
  }
  CHECK(bodies > 5000);
}

TEST_CASE("no handler survives in any element", "[clean_html]") {
  for (std::size_t e = 0; e < kElements.size(); ++e) {
    for (std::size_t h = 0; h < kHandlers.size(); ++h) {
      const auto all = broken(kElements[e], kHandlers[h], "EVIL()");
      for (std::size_t way = (e + h) % 3; way < all.size(); way += 3) {
        Body body = all[way];
        body.whole = body.whole && !swallows(kElements[e]);
        check(body);
      }
    }
  }
}

TEST_CASE("known kinds of attack leave nothing but text", "[clean_html]") {
  for (const Body& body : kKnown) check(body);
}

TEST_CASE("a body cut anywhere is well-formed", "[clean_html]") {
  std::string all;
  for (const Body& body : kKnown) all += "<p>x<ul><li>" + body.html;
  const std::string start{kBefore};
  for (std::size_t size = 0; size < all.size(); size += 3) check({all.substr(0, size), false});
}
