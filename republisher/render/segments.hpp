// Finds the links and hashtags in a post's text. Pure.
#pragma once

#include <string_view>
#include <vector>

namespace pullwire::republisher {

enum class SegmentKind { Text, Link, Hashtag };

struct Segment {
  SegmentKind kind;
  std::string_view text;  ///< as it stands in the input; a hashtag with its #

  friend bool operator==(const Segment&, const Segment&) = default;
};

/// Splits `text` (valid UTF-8: see plain.hpp) without losing a byte. A link is an
/// http or https URL of at most 2,048 bytes up to where it would surprise a
/// reader: a space, a quotation mark, sentence punctuation at its end, a bracket
/// that closes none of its own. Hashtags follow the pipeline's one rule
/// (README, "hashtag") and are not looked for inside a link.
std::vector<Segment> split_segments(std::string_view text);

/// Whether `url` may stand in a link: http or https, with a host, and no
/// character that a URL cannot hold. Anything else ("javascript:") is no link.
bool is_web_url(std::string_view url);

/// Whether `lang` has the shape of a BCP 47 tag and may stand in a lang attribute.
bool is_language_tag(std::string_view lang);

/// The lines of `text`, without their LF; an empty text has none.
std::vector<std::string_view> split_lines(std::string_view text);

}  // namespace pullwire::republisher
