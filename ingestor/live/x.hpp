// Posts from X: recent search, API v2 (docs.x.com/x-api/posts/search).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ingestor/live/platform.hpp"

namespace pullwire::ingestor {

struct XOptions {
  std::string base;                      ///< "https://api.x.com"
  std::string token;                     ///< bearer token
  std::vector<std::string> hashtags;     ///< at least one, without #
  std::vector<std::string> languages{};  ///< asked for in the query, so that others cost nothing
  Backfill backfill{};
  bool reposts = false;
  bool replies = true;
};

/// One stream for each query of at most 512 characters, with as many hashtags as fit in: what
/// is not wanted is left out by the query, since every post that is read costs. Throws
/// std::invalid_argument for a hashtag that fits into none.
std::shared_ptr<Platform> make_x(XOptions options);

}  // namespace pullwire::ingestor
