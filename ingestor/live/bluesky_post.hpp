// A post as Bluesky's app.bsky.feed.defs#postView has it. Pure; from any thread.
#pragma once

#include <optional>

#include <nlohmann/json.hpp>

#include "ingestor/live/found_post.hpp"

namespace pullwire::ingestor {

/// Without an id if `view` is no post. Links whose text was shortened are written out.
FoundPost read_bluesky_post(const nlohmann::json& view);

/// The time by which a search sorts it: the earlier of what its author and what the server says.
std::optional<Timestamp> bluesky_listed_at(const nlohmann::json& view);

}  // namespace pullwire::ingestor
