// The attributes of a stranger's elements that are kept or looked at. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <gumbo.h>

#include "ingestor/live/found_post.hpp"
#include "ingestor/live/web_links.hpp"

namespace pullwire::ingestor {

/// "" where it has none.
std::string_view attribute(const GumboElement& element, const char* name);

/// lang, dir and title, each with a blank before, escaped.
std::string common_attributes(const GumboElement& element);

/// href and rel of a link to `target`.
std::string link_attributes(const std::string& target);

/// What an <img> shows: nothing for one that nobody sees (a pixel that counts readers), or
/// without an http(s) URL.
std::optional<FoundMedia> image_of(const GumboElement& element, const WebLinks& links);

/// The character for which an <img> stands; "" for any other image.
std::string emoji_of(const GumboElement& element);

}  // namespace pullwire::ingestor
