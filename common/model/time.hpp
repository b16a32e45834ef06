// Points in time as the outside world writes them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pullwire {

/// Microseconds since 1970-01-01T00:00:00 UTC, without leap seconds. The years
/// 0001 to 9999 are valid, so that every value has a text form.
struct Timestamp {
  std::int64_t micros = 0;

  friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
};

/// The system's wall clock.
Timestamp wall_clock();

/// "2026-11-23T17:42:55.123456Z": always UTC and six digits, so that text sorts
/// as time does.
std::string to_text(Timestamp time);

/// Reads an RFC 3339 date-time ("2026-11-23T18:42:55.1+01:00", also with a
/// space or lower-case t and z). Digits beyond microseconds are cut off; a leap
/// second counts as the second after it. Returns nothing for anything else.
std::optional<Timestamp> parse_rfc3339(std::string_view text);

}  // namespace pullwire
