// The reporter's SQLite database: what those need to know who read it besides the reporter.
//
// Tables `posts` and `publications` are for everybody. `unpublished` has the encoded post
// (wire/events.hpp) for each post_id of which a publication is deferred or failed; the index
// `unpublished_publications` finds those, by status, in the order in which they were first
// recorded.
#pragma once

#include <array>

#include "common/ops/sqlite.hpp"

namespace pullwire {

/// What schema version 1 lacks. What it recorded as deferred or failed is without its post.
inline constexpr const char* kReportSchema2 = R"sql(
CREATE TABLE unpublished (
  post_id      TEXT NOT NULL PRIMARY KEY,
  post         BLOB NOT NULL  -- as it travels
);
CREATE INDEX unpublished_publications ON publications (status) WHERE published_at IS NULL;
)sql";
inline constexpr std::array kReportUpgrades{kReportSchema2};

/// For reading: `create_sql` is the reporter's.
inline constexpr Application kReportDatabase{.id = 0x70775250,  // "pwRP"
                                             .schema_version = 2,
                                             .create_sql = "",
                                             .cache_kib = 65536,
                                             .upgrades = kReportUpgrades};

}  // namespace pullwire
