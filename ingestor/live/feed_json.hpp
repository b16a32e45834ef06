// Reads JSON Feed (jsonfeed.org, versions 1 and 1.1). Pure; from any thread.
#pragma once

#include <string_view>

#include "ingestor/live/feed_document.hpp"

namespace pullwire::ingestor {

/// An item's JSON beyond this is no post; bounds the memory of its parsing.
constexpr std::size_t kMostJsonItemBytes = 4 * 1024 * 1024;

/// `text` is of decode_text(), `url` where it came from. Each item is parsed for itself, so
/// that a broken one costs no other. Throws NoFeed.
FeedDocument read_json_feed(std::string_view text, std::string_view url);

}  // namespace pullwire::ingestor
