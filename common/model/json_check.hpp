// What simdjson on demand leaves unchecked: values that nobody reads.
//
// Pure; any thread.
#pragma once

#include <string_view>

#include <simdjson.h>

namespace pullwire {

/// Whether `value` is well-formed JSON, nested at most 64 deep; consumes it.
/// simdjson itself passes over an unread value whatever it is.
[[nodiscard]] simdjson::error_code check_json(simdjson::ondemand::value value);

/// The digits of a number as they are written; "" if it is none (RFC 8259, section 6).
[[nodiscard]] std::string_view number_token(simdjson::ondemand::value value);

}  // namespace pullwire
