#include "ingestor/live/html_walk.hpp"

#include <algorithm>

#include "ingestor/live/html_attributes.hpp"

namespace pullwire::ingestor {
namespace {

using Kind = ElementKind;

bool is_block(Kind kind) {
  return kind == Kind::Division || kind == Kind::Paragraph || kind == Kind::Preformatted ||
         kind == Kind::Flow || kind == Kind::List || kind == Kind::Structure;
}

/// Whether `name` is one of the names that stand in `names`, blanks between.
bool is_among(std::string_view name, std::string_view names) {
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(' '), names.size());
    if (names.substr(0, end) == name) return true;
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return false;
}

}  // namespace

CleanHtml HtmlWalk::clean(const GumboNode& root) {
  frames_.push_back({.node = &root});
  while (!frames_.empty()) {
    Frame& frame = frames_.back();
    const GumboVector& children = frame.node->v.element.children;
    if (frame.next_child == children.length) {
      end();
    } else {
      begin(*static_cast<const GumboNode*>(children.data[frame.next_child++]));
    }
  }
  const bool too_long = html_.too_long();
  result_.html = html_.take();
  if (too_long || result_.html.size() > CleanHtmlLimits::kHtmlBytes) result_.html.clear();
  result_.text = text_.take();
  return std::move(result_);
}

void HtmlWalk::begin(const GumboNode& node) {
  if (node.type == GUMBO_NODE_TEXT || node.type == GUMBO_NODE_WHITESPACE) {
    return text(shown(node.v.text.text));
  }
  if (node.type != GUMBO_NODE_ELEMENT) return;  // comments, templates, CDATA of other languages
  if (node.v.element.tag_namespace != GUMBO_NAMESPACE_HTML) return;
  const Element element = element_of(node.v.element.tag);
  switch (element.kind) {
    case Kind::Gone: return;
    case Kind::Break: return line_break();
    case Kind::Rule: return rule();
    case Kind::Image: return image(node.v.element);
    default: break;
  }
  Frame frame{.node = &node, .serial = ++serials_, .inside = here()};
  place(frame, element);
  mark_begin(frame);
  frames_.push_back(std::move(frame));
}

void HtmlWalk::end() {
  mark_end(frames_.back());
  frames_.pop_back();
}

/// Decides as what the element is kept.
void HtmlWalk::place(Frame& frame, Element element) {
  if (element.kind == Kind::Inline || element.kind == Kind::Link)
    return place_inline(frame, element);
  if (is_block(element.kind)) place_block(frame, element);
}

void HtmlWalk::place_block(Frame& frame, Element element) {
  Position& inside = frame.inside;
  const std::size_t self = frames_.size();
  frame.kind = Kind::Division;
  if (inside.preformatted) return;  // a line of it
  const bool holds_blocks =
      element.kind == Kind::Flow || element.kind == Kind::List || element.kind == Kind::Structure;
  if (holds_blocks) {
    const std::size_t around = inside.block;
    const bool list_in_list =
        element.kind == Kind::List && around != kNone && frames_[around].kind == Kind::List;
    frame.outer = !element.within.empty() || list_in_list ? around : flow(around);
    frame.depth = frame.outer == kNone ? 0 : frames_[frame.outer].depth + 1;
    const bool allowed = element.within.empty() ||
                         (around != kNone && is_among(frames_[around].name, element.within));
    if (allowed && frame.depth < CleanHtmlLimits::kDepth) {
      frame.kind = element.kind;
      frame.name = element.name;
      inside.block = self;
      inside.leaf = kNone;
    }
  } else if (element.kind != Kind::Division) {
    frame.kind = element.kind;
    frame.name = element.name;
    inside.leaf = self;
    inside.preformatted = element.kind == Kind::Preformatted;
  }
  if (frame.kind == Kind::Division) {
    // A line of a paragraph, or a paragraph.
    if (inside.leaf != kNone && frames_[inside.leaf].kind != Kind::Division) return;
    frame.name = "p";
    inside.leaf = self;
  }
  frame.attributes = common_attributes(frame.node->v.element);
}

void HtmlWalk::place_inline(Frame& frame, Element element) {
  Position& inside = frame.inside;
  const auto* first = inside.inlines.begin();
  const bool there = std::any_of(first, first + inside.inline_count, [&](std::size_t place) {
    return frames_[place].name == element.name;
  });
  if (there || inside.inline_count == kInlines) return;
  if (element.kind == Kind::Link) {
    frame.target = links_.link(attribute(frame.node->v.element, "href"));
    if (frame.target.empty()) return;
    frame.attributes = link_attributes(frame.target);
  }
  frame.kind = element.kind;
  frame.name = element.name;
  frame.attributes += common_attributes(frame.node->v.element);
  inside.inlines[inside.inline_count++] = frames_.size();
}

void HtmlWalk::mark_begin(const Frame& frame) {
  if (frame.kind == Kind::Link) text_.begin_link();
  if (!is_block(frame.kind)) return;
  html_.boundary();
  if (frame.kind == Kind::List) {
    text_.begin_list();
  } else if (frame.name == "li") {
    text_.begin_item();
  } else {
    mark_end(frame);
  }
}

void HtmlWalk::mark_end(const Frame& frame) {
  if (frame.kind == Kind::Link) text_.end_link(frame.target);
  if (!is_block(frame.kind)) return;
  html_.boundary();
  if (frame.kind == Kind::List) {
    text_.end_list();
  } else if (frame.name == "li") {
    text_.end_item();
  } else if (frame.name == "td" || frame.name == "th") {
    text_.text(" ", false);
  } else {
    const bool line = frame.name.empty() || is_among(frame.name, "tr dt dd");
    text_.gap(line ? 1 : 2);
  }
}

void HtmlWalk::text(std::string_view text) {
  html_.text(path_here(), text, here().preformatted);
  text_.text(text, here().preformatted);
}

void HtmlWalk::line_break() {
  if (here().preformatted) return text("\n");
  html_.line_break(path_here());
  text_.line_break();
}

void HtmlWalk::rule() {
  if (here().preformatted) return text("\n");
  html_.rule(path(here().block, kNone, false));
  text_.gap(2);
}

void HtmlWalk::image(const GumboElement& element) {
  const std::string emoji = emoji_of(element);
  if (!emoji.empty()) return text(emoji);
  if (result_.images.size() == CleanHtmlLimits::kImages) return;
  auto found = image_of(element, links_);
  if (found && image_urls_.insert(found->url).second) result_.images.push_back(std::move(*found));
}

/// The block in which text may stand: `block`, or the next around it.
std::size_t HtmlWalk::flow(std::size_t block) const {
  while (block != kNone && frames_[block].kind != Kind::Flow) block = frames_[block].outer;
  return block;
}

const HtmlWriter::Path& HtmlWalk::path(std::size_t block, std::size_t leaf, bool inlines) {
  path_.clear();
  const auto add = [&](const Frame& frame, bool is_a_block) {
    path_.push_back({frame.serial, frame.name, frame.attributes, is_a_block});
  };
  for (std::size_t at = flow(block); at != kNone; at = frames_[at].outer) add(frames_[at], true);
  std::reverse(path_.begin(), path_.end());
  if (leaf != kNone) add(frames_[leaf], true);
  if (!inlines) return path_;
  for (std::size_t i = 0; i < here().inline_count; ++i) add(frames_[here().inlines[i]], false);
  return path_;
}

const HtmlWriter::Path& HtmlWalk::path_here() {
  return path(here().block, here().leaf, true);
}

}  // namespace pullwire::ingestor
