// Titles, which may hold markup or not, whatever a feed's format says. Pure; from any thread.
#pragma once

#include <string>
#include <string_view>

#include "ingestor/live/feed_item.hpp"

namespace pullwire::ingestor {

/// On one line, without the tags that HTML has within a line and with references resolved;
/// other things in < and > stay: "Why I avoid List<T>".
std::string plain_title(const FeedText& title);

/// Whether a reader sees `title` at the front of `text`, blanks aside; of a title that was cut
/// ("… and so") what there is of it.
bool begins_with_title(std::string_view text, std::string_view title);

}  // namespace pullwire::ingestor
