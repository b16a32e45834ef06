// HTML from strangers becomes HTML that can be shown, and plain text.
//
// Pure; from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ingestor/live/found_post.hpp"

namespace pullwire::ingestor {

struct CleanHtml {
  std::string html;                 ///< well-formed; "" if nothing is left
  std::string text;                 ///< what a reader sees, with the links' targets
  std::vector<FoundMedia> images;   ///< of <img>, which `html` does not have
};

/// Keeps what stands on a list of elements, attributes and URL schemes, and the text of
/// what does not; drops scripts, styles and the like with their content. `base` is the URL
/// that relative links are relative to; "": they are dropped, their text stays.
CleanHtml clean_html(std::string_view html, std::string_view base);

}  // namespace pullwire::ingestor
