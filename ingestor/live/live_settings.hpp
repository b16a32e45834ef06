// A live source as it is configured.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/ops/http_settings.hpp"
#include "common/ops/settings.hpp"
#include "ingestor/live/live_source.hpp"
#include "ingestor/live/platform.hpp"
#include "ingestor/post_filter.hpp"

namespace pullwire::ingestor {

struct LiveSettings {
  std::string token;
  Login login;
  Backfill backfill;
  double interval = 0;  ///< seconds; 0: the kind's own
  HttpLimits limits;
};

/// Whether `kind` is one of x, mastodon, bluesky and feed, over https or http.
bool is_live(std::string_view kind);

/// Reads the keys of a [[ingestor.source]] that only live sources have. Throws Misconfigured.
LiveSettings read_live_settings(Table& table);

/// "x", "mastodon/HOST", "bluesky/HOST" or "feed/URL".
std::string live_name(const WebService& target);

/// Throws std::invalid_argument for settings that do not fit the kind.
std::unique_ptr<Source> make_live(std::string name, const WebService& target,
                                  const LiveSettings& settings, const PostFilter::Rules& rules,
                                  const std::vector<std::string>& hashtags, Outside& outside);

}  // namespace pullwire::ingestor
