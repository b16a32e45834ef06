#include "ingestor/live/html_elements.hpp"

namespace pullwire::ingestor {
namespace {

using Kind = ElementKind;

Element block(GumboTag tag) {
  switch (tag) {
    case GUMBO_TAG_P: return {Kind::Paragraph, "p"};
    case GUMBO_TAG_H1: return {Kind::Paragraph, "h1"};
    case GUMBO_TAG_H2: return {Kind::Paragraph, "h2"};
    case GUMBO_TAG_H3: return {Kind::Paragraph, "h3"};
    case GUMBO_TAG_H4: return {Kind::Paragraph, "h4"};
    case GUMBO_TAG_H5: return {Kind::Paragraph, "h5"};
    case GUMBO_TAG_H6: return {Kind::Paragraph, "h6"};
    case GUMBO_TAG_PRE:
    case GUMBO_TAG_LISTING:
    case GUMBO_TAG_XMP:
    case GUMBO_TAG_PLAINTEXT: return {Kind::Preformatted, "pre"};
    case GUMBO_TAG_BLOCKQUOTE: return {Kind::Flow, "blockquote"};
    case GUMBO_TAG_FIGURE: return {Kind::Flow, "figure"};
    case GUMBO_TAG_FIGCAPTION: return {Kind::Flow, "figcaption", "figure"};
    case GUMBO_TAG_UL: return {Kind::List, "ul"};
    case GUMBO_TAG_OL: return {Kind::List, "ol"};
    case GUMBO_TAG_LI: return {Kind::Flow, "li", "ul ol"};
    case GUMBO_TAG_DL: return {Kind::Structure, "dl"};
    case GUMBO_TAG_DT: return {Kind::Flow, "dt", "dl"};
    case GUMBO_TAG_DD: return {Kind::Flow, "dd", "dl"};
    case GUMBO_TAG_TABLE: return {Kind::Structure, "table"};
    case GUMBO_TAG_TR: return {Kind::Structure, "tr", "table"};
    case GUMBO_TAG_TD: return {Kind::Flow, "td", "tr"};
    case GUMBO_TAG_TH: return {Kind::Flow, "th", "tr"};
    case GUMBO_TAG_HR: return {Kind::Rule, "hr"};
    case GUMBO_TAG_BODY:
    case GUMBO_TAG_ADDRESS:
    case GUMBO_TAG_ARTICLE:
    case GUMBO_TAG_ASIDE:
    case GUMBO_TAG_CAPTION:
    case GUMBO_TAG_CENTER:
    case GUMBO_TAG_DETAILS:
    case GUMBO_TAG_DIR:
    case GUMBO_TAG_DIV:
    case GUMBO_TAG_FIELDSET:
    case GUMBO_TAG_FOOTER:
    case GUMBO_TAG_FORM:
    case GUMBO_TAG_HEADER:
    case GUMBO_TAG_HGROUP:
    case GUMBO_TAG_LEGEND:
    case GUMBO_TAG_MAIN:
    case GUMBO_TAG_MENU:
    case GUMBO_TAG_NAV:
    case GUMBO_TAG_SECTION:
    case GUMBO_TAG_SUMMARY: return {Kind::Division};
    default: return {};
  }
}

Element within_a_line(GumboTag tag) {
  switch (tag) {
    case GUMBO_TAG_A: return {Kind::Link, "a"};
    case GUMBO_TAG_ABBR: return {Kind::Inline, "abbr"};
    case GUMBO_TAG_B: return {Kind::Inline, "b"};
    case GUMBO_TAG_BDI: return {Kind::Inline, "bdi"};
    case GUMBO_TAG_CITE: return {Kind::Inline, "cite"};
    case GUMBO_TAG_CODE:
    case GUMBO_TAG_TT: return {Kind::Inline, "code"};
    case GUMBO_TAG_DEL: return {Kind::Inline, "del"};
    case GUMBO_TAG_EM: return {Kind::Inline, "em"};
    case GUMBO_TAG_I: return {Kind::Inline, "i"};
    case GUMBO_TAG_INS: return {Kind::Inline, "ins"};
    case GUMBO_TAG_KBD: return {Kind::Inline, "kbd"};
    case GUMBO_TAG_MARK: return {Kind::Inline, "mark"};
    case GUMBO_TAG_Q: return {Kind::Inline, "q"};
    case GUMBO_TAG_S:
    case GUMBO_TAG_STRIKE: return {Kind::Inline, "s"};
    case GUMBO_TAG_SAMP: return {Kind::Inline, "samp"};
    case GUMBO_TAG_SMALL: return {Kind::Inline, "small"};
    case GUMBO_TAG_STRONG: return {Kind::Inline, "strong"};
    case GUMBO_TAG_SUB: return {Kind::Inline, "sub"};
    case GUMBO_TAG_SUP: return {Kind::Inline, "sup"};
    case GUMBO_TAG_U: return {Kind::Inline, "u"};
    case GUMBO_TAG_VAR: return {Kind::Inline, "var"};
    case GUMBO_TAG_BR: return {Kind::Break, "br"};
    case GUMBO_TAG_IMG:
    case GUMBO_TAG_IMAGE: return {Kind::Image};
    default: return {};
  }
}

bool is_gone(GumboTag tag) {
  switch (tag) {
    case GUMBO_TAG_APPLET:
    case GUMBO_TAG_AUDIO:
    case GUMBO_TAG_BUTTON:
    case GUMBO_TAG_CANVAS:
    case GUMBO_TAG_DATALIST:
    case GUMBO_TAG_EMBED:
    case GUMBO_TAG_FRAME:
    case GUMBO_TAG_FRAMESET:
    case GUMBO_TAG_HEAD:
    case GUMBO_TAG_IFRAME:
    case GUMBO_TAG_INPUT:
    case GUMBO_TAG_MATH:
    case GUMBO_TAG_NOEMBED:
    case GUMBO_TAG_NOFRAMES:
    case GUMBO_TAG_NOSCRIPT:
    case GUMBO_TAG_OBJECT:
    case GUMBO_TAG_SCRIPT:
    case GUMBO_TAG_SELECT:
    case GUMBO_TAG_STYLE:
    case GUMBO_TAG_SVG:
    case GUMBO_TAG_TEMPLATE:
    case GUMBO_TAG_TEXTAREA:
    case GUMBO_TAG_TITLE:
    case GUMBO_TAG_VIDEO: return true;
    default: return false;
  }
}

}  // namespace

Element element_of(GumboTag tag) {
  if (is_gone(tag)) return {Kind::Gone};
  const Element element = block(tag);
  return element.kind == Kind::Through ? within_a_line(tag) : element;
}

}  // namespace pullwire::ingestor
