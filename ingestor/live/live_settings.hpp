// A live source as it is configured.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/ops/settings.hpp"
#include "common/ops/url.hpp"
#include "ingestor/live/live_source.hpp"
#include "ingestor/live/platform.hpp"
#include "ingestor/post_filter.hpp"

namespace pullwire::ingestor {

struct LiveSettings {
  std::string token;
  std::string username;
  std::string password;
  Backfill backfill;
  double interval = 0;  ///< seconds; 0: the kind's own
  HttpLimits limits;
};

/// Whether `kind` is one of x, mastodon, bluesky and feed, over https or http.
bool is_live(std::string_view kind);

/// Reads the keys of a [[ingestor.source]] that only live sources have. Throws Misconfigured.
LiveSettings read_live_settings(Table& table);

/// What `uri` ("mastodon+https://HOST") asks, once it is checked.
struct LiveTarget {
  std::string kind;
  Url url;
};

/// Throws std::invalid_argument: for a URL that is wrong, or http beyond loopback.
LiveTarget parse_live_target(std::string_view kind, std::string_view uri);

/// "x", "mastodon/HOST", "bluesky/HOST" or "feed/URL".
std::string live_name(const LiveTarget& target);

/// Throws std::invalid_argument for settings that do not fit the kind.
std::unique_ptr<Source> make_live(std::string name, const LiveTarget& target,
                                  const LiveSettings& settings, const PostFilter::Rules& rules,
                                  const std::vector<std::string>& hashtags, Outside& outside);

}  // namespace pullwire::ingestor
