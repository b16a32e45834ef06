// How a line of the log looks. Pure and thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/model/time.hpp"
#include "common/ops/log.hpp"

namespace pullwire {

inline constexpr std::size_t kMaxLoggedValue = 1024;  ///< bytes, before escaping

/// One line without its end.
///
///   2026-11-23T17:42:55.123456Z info ingestor session opened link=posts peer="a b"
///   {"time":"…","level":"info","stage":"ingestor","message":"session opened","link":"posts"}
///
/// As text, a value is in double quotes, with \" and \\, where it is empty or has
/// blanks, quotes, backslashes, = or anything escaped in it. As JSON, fields stand
/// beside the first four members.
std::string format_log_line(LogFormat format, Timestamp time, LogLevel level,
                            std::string_view stage, std::string_view message, LogFields fields);

}  // namespace pullwire
