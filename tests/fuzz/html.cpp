// HTML from strangers: what comes out has only what may be shown, is well-formed and the same
// when it is cleaned again; no input makes the parser end the process or take long.
#include <array>
#include <string>
#include <string_view>

#include "common/flow/check.hpp"
#include "ingestor/live/clean_html.hpp"
#include "tests/fuzz/input.hpp"
#include "tests/fuzz/memory.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/unit/ingestor/clean_html_check.hpp"

namespace {

using namespace pullwire;

constexpr std::array kNames{"a",
                            "b",
                            "i",
                            "em",
                            "p",
                            "div",
                            "pre",
                            "h1",
                            "h2",
                            "ul",
                            "ol",
                            "li",
                            "dl",
                            "dt",
                            "dd",
                            "table",
                            "tbody",
                            "tr",
                            "td",
                            "th",
                            "caption",
                            "col",
                            "figure",
                            "figcaption",
                            "br",
                            "hr",
                            "img",
                            "image",
                            "blockquote",
                            "span",
                            "font",
                            "nobr",
                            "button",
                            "form",
                            "input",
                            "select",
                            "option",
                            "ruby",
                            "rt",
                            "object",
                            "svg",
                            "math",
                            "mi",
                            "mtext",
                            "desc",
                            "title",
                            "script",
                            "style",
                            "iframe",
                            "xmp",
                            "textarea",
                            "noscript",
                            "template",
                            "body",
                            "html",
                            "head",
                            "frameset",
                            "marquee",
                            "foreignObject",
                            "annotation-xml",
                            "plaintext",
                            "x"};

constexpr std::array<std::string_view, 16> kPieces{" href=/x ",
                                                   " href='javascript:x' ",
                                                   " title=\"a b\" ",
                                                   " lang=de dir=rtl ",
                                                   " src=/1.png ",
                                                   " color=1 ",
                                                   "<!--",
                                                   "-->",
                                                   "<![CDATA[",
                                                   "]]>",
                                                   "&lt;script>",
                                                   "&#106;",
                                                   "\n ",
                                                   "\"",
                                                   "<",
                                                   "text"};

/// Bytes as they are, or, if the first is odd, tags and pieces by number.
std::string document(std::string_view bytes) {
  if (bytes.empty() || bytes.front() % 2 == 0) return std::string{bytes};
  fuzz::Input input{bytes.substr(1)};
  std::string html;
  while (!input.empty()) {
    const std::uint8_t value = input.byte();
    if (value < 2 * kNames.size()) {
      html += value % 2 == 0 ? "<" : "</";
      html += kNames[value / 2];
      if (input.below(4) == 0) html += kPieces[input.below(6)];
      html += '>';
    } else {
      html += kPieces[value % kPieces.size()];
    }
  }
  return html;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string html = document({reinterpret_cast<const char*>(bytes), size});
  ingestor::CleanHtml clean;
  {
    const fuzz::MemoryBound bound{8 * 1024 * 1024 + fuzz::memory_for(html.size())};
    clean = ingestor::clean_html(html, "https://example.org/");
  }
  CHECK(tests::faults_of(clean.html).empty());
  CHECK(ingestor::clean_html(clean.html, "").html == clean.html);
  CHECK(clean.html.size() <= ingestor::CleanHtmlLimits::kHtmlBytes);
  CHECK(clean.text.size() <= ingestor::CleanHtmlLimits::kTextBytes);
  CHECK(clean.images.size() <= ingestor::CleanHtmlLimits::kImages);
  return 0;
}
