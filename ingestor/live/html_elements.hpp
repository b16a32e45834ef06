// Which elements of a stranger's HTML are kept, and what becomes of the others. Pure.
#pragma once

#include <string_view>

#include <gumbo.h>

namespace pullwire::ingestor {

enum class ElementKind {
  Through,       ///< not kept, its content is
  Gone,          ///< not kept, nor its content
  Division,      ///< not kept; what is in it is a paragraph of its own
  Paragraph,     ///< a line or more of text, no other block in it
  Preformatted,  ///< the same, with its blanks
  Flow,          ///< holds text and blocks
  List,          ///< holds items
  Structure,     ///< holds only what stands in `holds`
  Inline,        ///< marks text within a line
  Link,
  Break,
  Rule,
  Image,
};

struct Element {
  ElementKind kind = ElementKind::Through;
  std::string_view name{};    ///< under which it is kept
  std::string_view within{};  ///< kept only directly in one of these (blanks between); "": anywhere
};

Element element_of(GumboTag tag);

}  // namespace pullwire::ingestor
