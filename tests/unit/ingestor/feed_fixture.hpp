// Reading feeds that are not broken, for the tests of what stands in them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ingestor/live/feed_document.hpp"
#include "tests/catch.hpp"

namespace pullwire::ingestor {

using Tags = std::vector<std::string>;

inline FeedDocument read(std::string_view bytes) {
  FeedDocument document = read_feed(bytes, "application/xml", "https://example.org/feed/");
  CHECK(document.damage.empty());
  return document;
}

/// The only post of a feed that is not broken.
inline FoundPost only(std::string_view bytes) {
  FeedDocument document = read(bytes);
  REQUIRE(document.posts.size() == 1);
  CHECK(document.skipped.empty());
  return document.posts.front();
}

}  // namespace pullwire::ingestor
