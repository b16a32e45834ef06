// The log: one line an event on standard error.
//
// Thread-safe, but for start_log.
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <type_traits>
#include <variant>

namespace pullwire {

enum class LogFormat { Text, Json };
enum class LogLevel { Trace, Debug, Info, Warn, Error };

/// A name of ours with a value that may be a stranger's: it is escaped, and cut
/// after 1 KiB. Made for the argument list of a log function: it refers to its text.
struct LogField {
  template <class T>
  requires std::convertible_to<const T&, std::string_view> LogField(std::string_view name,
                                                                    const T& text)
      : key{name}, value{std::string_view{text}} {}
  LogField(std::string_view name, bool flag) : key{name}, value{flag} {}
  LogField(std::string_view name, std::floating_point auto number)
      : key{name}, value{static_cast<double>(number)} {}
  LogField(std::string_view name, std::signed_integral auto number)
      : key{name}, value{static_cast<std::int64_t>(number)} {}
  LogField(std::string_view name, std::unsigned_integral auto number)
      : key{name}, value{static_cast<std::uint64_t>(number)} {}

  std::string_view key;
  std::variant<std::string_view, bool, std::int64_t, std::uint64_t, double> value;
};

using LogFields = std::initializer_list<LogField>;

/// Sets how and from which level on lines are written; `stage` names the process
/// in them. Before it is called: text, info, no stage. Call it before other
/// threads log. A line that cannot be written (full disk, closed pipe) is lost
/// and nothing else; the process must ignore SIGPIPE (run_program does).
void start_log(LogFormat format, LogLevel level, std::string_view stage);

namespace detail {
inline std::atomic<LogLevel> log_level{LogLevel::Info};
void write_log(LogLevel level, std::string_view message, LogFields fields);
}  // namespace detail

[[nodiscard]] inline bool log_enabled(LogLevel level) {
  return level >= detail::log_level.load(std::memory_order_relaxed);
}

/// Writes a line if `level` is on; costs a comparison if it is off.
///
///   log_info("session opened", {{"link", "posts"}, {"peer", name}});
inline void log_line(LogLevel level, std::string_view message, LogFields fields = {}) {
  if (log_enabled(level)) detail::write_log(level, message, fields);
}
inline void log_trace(std::string_view message, LogFields fields = {}) {
  log_line(LogLevel::Trace, message, fields);
}
inline void log_debug(std::string_view message, LogFields fields = {}) {
  log_line(LogLevel::Debug, message, fields);
}
inline void log_info(std::string_view message, LogFields fields = {}) {
  log_line(LogLevel::Info, message, fields);
}
inline void log_warn(std::string_view message, LogFields fields = {}) {
  log_line(LogLevel::Warn, message, fields);
}
inline void log_error(std::string_view message, LogFields fields = {}) {
  log_line(LogLevel::Error, message, fields);
}

}  // namespace pullwire
