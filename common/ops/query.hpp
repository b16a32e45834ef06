// Options in a URI: "?rate=10&bytes=280". Pure; from any thread.
//
// Functions throw std::invalid_argument with a line that names the option.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pullwire {

/// Reads what follows a kind that has options alone: "", or ? and NAME=VALUE, separated by
/// &, each name once. Undoes %-escapes.
std::vector<std::pair<std::string, std::string>> parse_query(std::string_view text);

/// For a name that nobody knows: `known` lists the others.
[[noreturn]] void unknown_option(std::string_view name, std::string_view known);

/// `value` as a decimal number ("2", "0.5") from 0 to `max`.
double query_decimal(std::string_view name, std::string_view value, double max);

/// `value` as a whole number from 0 to `max`.
std::uint64_t query_number(std::string_view name, std::string_view value, std::uint64_t max);

/// `value` as a decimal number of milliseconds from 0 to `max`, rounded to nanoseconds.
std::chrono::nanoseconds query_milliseconds(std::string_view name, std::string_view value,
                                            std::chrono::milliseconds max);

}  // namespace pullwire
