// Posts from a Mastodon server, or another with its API: timelines of hashtags
// (docs.joinmastodon.org/methods/timelines/#tag).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ingestor/live/platform.hpp"

namespace pullwire::ingestor {

struct MastodonOptions {
  std::string base;                   ///< "https://mastodon.social"
  std::string token;                  ///< "": none; some servers want one
  std::vector<std::string> hashtags;  ///< at least one, without #
  Backfill backfill{};
};

/// One stream for each hashtag, read forwards by `min_id`, so that nothing is left out however
/// much has come since; what `backfill` asks for is read backwards before. Ids are only taken
/// from answers and given back: they need not be numbers.
std::shared_ptr<Platform> make_mastodon(MastodonOptions options);

}  // namespace pullwire::ingestor
