#include "ingestor/live/clean_html.hpp"

#include <algorithm>

#include "ingestor/live/html_plain.hpp"
#include "ingestor/live/html_tree.hpp"
#include "ingestor/live/html_walk.hpp"

namespace pullwire::ingestor {
namespace {

bool is_control(char c) {
  return (static_cast<unsigned char>(c) < ' ' && c != '\t' && c != '\n' && c != '\r' &&
          c != '\f') ||
         c == '\x7f';
}

}  // namespace

CleanHtml clean_html(std::string_view html, std::string_view base) {
  std::string_view input = html.substr(0, CleanHtmlLimits::kInputBytes);
  std::string without_controls;
  if (std::any_of(input.begin(), input.end(), is_control)) {
    // The parser would show a mark in place of each.
    without_controls = input;
    std::erase_if(without_controls, is_control);
    input = without_controls;
  }
  const WebLinks links{base};
  {
    const HtmlTree tree{input};
    if (tree.root() != nullptr) return HtmlWalk{links}.clean(*tree.root());
  }
  for (const bool paragraphs : {true, false}) {
    const std::string plain = without_tags(input, paragraphs);
    const HtmlTree tree{plain};
    if (tree.root() != nullptr) return HtmlWalk{links}.clean(*tree.root());
  }
  return {};
}

}  // namespace pullwire::ingestor
