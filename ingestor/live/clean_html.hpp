// HTML from strangers becomes HTML that can be shown, and plain text.
//
// Pure; from any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "ingestor/live/found_post.hpp"

namespace pullwire::ingestor {

/// Bounds on what clean_html() takes and gives.
struct CleanHtmlLimits {
  static constexpr std::size_t kInputBytes = 16 * 1024 * 1024;  ///< what is beyond is not read
  static constexpr std::size_t kHtmlBytes = 512 * 1024;         ///< longer: none
  static constexpr std::size_t kTextBytes = 1024 * 1024;        ///< what is beyond is cut off
  static constexpr std::size_t kImages = 64;
  static constexpr std::size_t kUrlBytes = 4096;    ///< a longer one is no link and no image
  static constexpr std::size_t kLabelBytes = 4096;  ///< of a title or an image's alt
  static constexpr std::size_t kDepth = 40;         ///< lists in lists, tables in tables …
};

struct CleanHtml {
  std::string html;                ///< well-formed as XML, too; "" if nothing is left
  std::string text;                ///< what a reader sees, with the links' targets
  std::vector<FoundMedia> images;  ///< of <img>, which `html` does not have; each URL once
};

/// Keeps what stands on a list of elements, attributes and URL schemes, and the text of
/// what does not; drops scripts, styles and the like with their content. `base` is the URL
/// that relative links are relative to; "": they are dropped, their text stays.
///
/// `html` cleaned again is the same. It has p, h1 to h6, pre, blockquote, ul, ol, li, dl, dt,
/// dd, figure, figcaption, table, tr, td, th, hr, br, a and marks within a line (em, code, …),
/// nested as HTML wants it: a division that is not on the list becomes a paragraph. Links are
/// absolute and have rel="nofollow noopener noreferrer".
///
/// `text` has a blank line between paragraphs, "- " before the items of lists. The target
/// of a link stands in parentheses behind its label, unless that says as much: the URL itself,
/// a hashtag, a mention.
///
/// Of markup that is meant to cost more than it says (nested or repeated beyond bounds) the
/// text is kept, in paragraphs or in one.
CleanHtml clean_html(std::string_view html, std::string_view base);

}  // namespace pullwire::ingestor
