// Strangers' text and URLs made fit for a page. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/model/post.hpp"

namespace pullwire::republisher {

/// Valid UTF-8 of the same words: control characters are gone except newline
/// and tab, every kind of line end is one newline, more than two blank lines
/// are two, bytes that are no UTF-8 are U+FFFD. Bidirectional overrides become
/// embeddings: characters keep their own direction and nesting stays balanced.
std::string clean_text(std::string_view text);

/// The same for a field that shares its line with others: no line ends, no
/// bidirectional controls, blanks at neither end.
std::string clean_line(std::string_view text);

enum class Direction { None, LeftToRight, RightToLeft };

/// The direction of the first character that has one, as in the rules P2 and P3
/// of Unicode's annex 9, isolates skipped. Expects valid UTF-8.
Direction first_direction(std::string_view text);

/// Puts a right-to-left mark before each paragraph that opens with mentions,
/// links, hashtags or "RT" in Latin letters and goes on right to left, so that
/// its own words decide its direction. Expects clean text.
std::string mark_directions(std::string text);

/// `url` as a URI of printable ASCII without quotes, backslashes or blanks, so
/// that it can stand in a quoted attribute as it is. Nothing unless it is http
/// or https, has a host and at most PostLimits::kFieldBytes.
std::optional<std::string> link_uri(std::string_view url);

/// Where the post's platform shows other posts with the hashtag of `tag` (which
/// may open with # or ＃); nothing if its platform is unknown.
std::optional<std::string> hashtag_uri(const Post& post, std::string_view tag);

}  // namespace pullwire::republisher
