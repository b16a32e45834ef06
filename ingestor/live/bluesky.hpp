// Posts from Bluesky: app.bsky.feed.searchPosts (docs.bsky.app), asked directly or, with a
// session, through the user's own server.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ingestor/live/platform.hpp"

namespace pullwire::ingestor {

struct BlueskyOptions {
  std::string base;                   ///< "https://bsky.social"
  std::string username;               ///< "": no session
  std::string password;               ///< an app password
  std::vector<std::string> hashtags;  ///< at least one, without #
  Backfill backfill{};
};

/// One stream for each hashtag, since the search wants all that it is asked for at once. It is
/// read from the newest post backwards, two minutes further than the last time: posts show up
/// in the search late, and not in the order of their times. Servers differ in what they filter
/// by (some by text alone), so that its posts are to be filtered by hashtag here.
std::shared_ptr<Platform> make_bluesky(BlueskyOptions options);

}  // namespace pullwire::ingestor
