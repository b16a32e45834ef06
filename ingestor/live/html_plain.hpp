// What is left of HTML without its tags. Pure.
#pragma once

#include <string>
#include <string_view>

namespace pullwire::ingestor {

/// The text of `html`, its character references as they are and each other < as &lt;, without
/// scripts, styles and the like. Where a block begins or ends there is <p>, or, without
/// `paragraphs`, a line break. For what is too much for a parser: takes time in proportion to
/// the size, whatever it is.
std::string without_tags(std::string_view html, bool paragraphs);

}  // namespace pullwire::ingestor
