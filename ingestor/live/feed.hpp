// Posts from a feed: RSS, Atom or JSON Feed, over conditional requests (RFC 9110, 13).
#pragma once

#include <memory>
#include <string>

#include "common/ops/http_settings.hpp"
#include "ingestor/live/platform.hpp"

namespace pullwire::ingestor {

struct FeedOptions {
  std::string url;
  Login login{};  ///< HTTP Basic
  Backfill backfill{};
};

/// One stream. What a feed had when it was first read counts as old where `backfill` says so,
/// and so does later what is dated a day or more before that: a feed that loses a post shows an
/// older one again. A feed that has moved for good (301, 308) is asked at its new place; one
/// that is gone (410) ends.
std::shared_ptr<Platform> make_feed(FeedOptions options);

}  // namespace pullwire::ingestor
