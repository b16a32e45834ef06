#include "ingestor/live/html_plain.hpp"

#include <algorithm>
#include <array>

#include "ingestor/live/html_elements.hpp"

namespace pullwire::ingestor {
namespace {

constexpr std::size_t kEnd = std::string_view::npos;
constexpr std::string_view kNameEnds = " \t\n\r\f/>";

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// The place behind `what`, looked for from `at` on; the end where it is not.
std::size_t behind(std::string_view html, std::string_view what, std::size_t at) {
  const std::size_t found = html.find(what, at);
  return found == kEnd ? html.size() : found + what.size();
}

/// The place behind the tag in which `at` is. A > within quotes does not end it.
std::size_t behind_tag(std::string_view html, std::size_t at) {
  while (at < html.size()) {
    at = html.find_first_of(">\"'", at);
    if (at == kEnd) return html.size();
    if (html[at] == '>') return at + 1;
    at = behind(html, html.substr(at, 1), at + 1);
  }
  return html.size();
}

bool starts_with_name(std::string_view text, std::string_view name) {
  return text.size() >= name.size() &&
         std::equal(name.begin(), name.end(), text.begin(),
                    [](char a, char b) { return (a | 0x20) == (b | 0x20); });
}

/// The place of the end tag of an element whose content is dropped; kEnd: there is none.
std::size_t end_of_content(std::string_view html, std::string_view name, std::size_t at) {
  for (at = html.find("</", at); at != kEnd; at = html.find("</", at + 2)) {
    if (starts_with_name(html.substr(at + 2), name)) break;
  }
  return at;
}

/// Whether nothing but its end tag ends it, so that without one it goes on to the end.
bool is_raw(GumboTag tag) {
  return tag == GUMBO_TAG_SCRIPT || tag == GUMBO_TAG_STYLE || tag == GUMBO_TAG_IFRAME ||
         tag == GUMBO_TAG_TEXTAREA || tag == GUMBO_TAG_TITLE || tag == GUMBO_TAG_NOEMBED ||
         tag == GUMBO_TAG_NOFRAMES;
}

bool is_block(ElementKind kind) {
  switch (kind) {
    case ElementKind::Division:
    case ElementKind::Paragraph:
    case ElementKind::Preformatted:
    case ElementKind::Flow:
    case ElementKind::List:
    case ElementKind::Structure:
    case ElementKind::Break:
    case ElementKind::Rule: return true;
    default: return false;
  }
}

}  // namespace

std::string without_tags(std::string_view html, bool paragraphs) {
  const std::string_view separator = paragraphs ? "<p>" : "\n";
  std::string out;
  bool text = false;                               // since the last separator
  std::array<bool, GUMBO_TAG_LAST + 1> endless{};  // of which no further end tag is there
  std::size_t at = 0;
  while (at < html.size()) {
    const std::size_t tag = std::min(html.find('<', at), html.size());
    const std::string_view before = html.substr(at, tag - at);
    out += before;
    text = text || before.find_first_not_of(" \t\n\r\f") != kEnd;
    if (tag == html.size()) break;
    const std::string_view rest = html.substr(tag + 1);
    const bool closing = rest.starts_with('/');
    const std::string_view named = rest.substr(closing ? 1 : 0);
    if (rest.starts_with("!--")) {
      at = behind(html, "-->", tag + 4);
    } else if (rest.starts_with('!') || rest.starts_with('?')) {
      at = behind(html, ">", tag + 1);
    } else if (named.empty() || !is_letter(named.front())) {
      out += "&lt;";
      text = true;
      at = tag + 1;
    } else {
      const std::string_view name = named.substr(0, named.find_first_of(kNameEnds));
      const GumboTag element = gumbo_tagn_enum(name.data(), static_cast<unsigned>(name.size()));
      const ElementKind kind = element_of(element).kind;
      at = behind_tag(html, tag + 1);
      if (kind == ElementKind::Gone && !closing && !endless[element]) {
        const std::size_t end = end_of_content(html, name, at);
        endless[element] = end == kEnd;
        if (end != kEnd || is_raw(element)) at = std::min(end, html.size());
      }
      if (is_block(kind) && text) {
        out += separator;
        text = false;
      }
    }
  }
  return out;
}

}  // namespace pullwire::ingestor
