// Options in a URI: "rate=10&bytes=280". Pure; from any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pullwire {

/// Splits `query` (what follows the ?) at & and each part at its first =, and undoes
/// %-escapes. Throws std::invalid_argument that names the part: no =, a name twice, a
/// bad escape.
std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query);

/// `value` as a decimal number ("2", "0.5") from `min` to `max`. Throws
/// std::invalid_argument that names the option and the range.
double query_decimal(std::string_view name, std::string_view value, double min, double max);

}  // namespace pullwire
