#include "common/ops/log.hpp"

#include <array>
#include <string>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "common/model/time.hpp"
#include "common/ops/log_format.hpp"

namespace pullwire {
namespace {

struct Log {
  Log() : logger{"pullwire", std::make_shared<spdlog::sinks::stderr_sink_mt>()} {
    logger.set_pattern("%v");
    logger.set_level(spdlog::level::trace);  // the level was checked before the line was made
  }

  LogFormat format = LogFormat::Text;
  std::string stage;
  spdlog::logger logger;
};

/// Never destroyed, so that destructors of other statics may still log.
Log& the_log() {
  static Log& log = *new Log;
  return log;
}

constexpr std::array kLevels{spdlog::level::trace, spdlog::level::debug, spdlog::level::info,
                             spdlog::level::warn, spdlog::level::err};

}  // namespace

void start_log(LogFormat format, LogLevel level, std::string_view stage) {
  the_log().format = format;
  the_log().stage = stage;
  detail::log_level.store(level, std::memory_order_relaxed);
}

void detail::write_log(LogLevel level, std::string_view message, LogFields fields) {
  Log& log = the_log();
  const std::string line =
      format_log_line(log.format, wall_clock(), level, log.stage, message, fields);
  log.logger.log(kLevels.at(static_cast<std::size_t>(level)), spdlog::string_view_t{line});
}

}  // namespace pullwire
