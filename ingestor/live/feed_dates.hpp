// Points in time as feeds write them. Pure; from any thread.
#pragma once

#include <optional>
#include <string_view>

#include "common/model/time.hpp"

namespace pullwire::ingestor {

/// Reads RFC 822 and its heirs as they are in the wild (weekday, seconds and zone may be
/// missing, years may have two digits, zones a name, months all their letters; the order of
/// asctime, too), and RFC 3339 and ISO 8601 (the time or its zone may be missing). What has no
/// zone, or one that is not known, is UTC. Returns nothing for anything else: rather no time
/// than a wrong one.
std::optional<Timestamp> parse_feed_date(std::string_view text);

}  // namespace pullwire::ingestor
