#include "common/ops/log_format.hpp"

#include <type_traits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/ops/text.hpp"

namespace pullwire {
namespace {

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::Trace: return "trace";
    case LogLevel::Debug: return "debug";
    case LogLevel::Info: return "info";
    case LogLevel::Warn: return "warn";
    case LogLevel::Error: break;
  }
  return "error";
}

void append_text_value(std::string& line, std::string_view text) {
  const std::string shown = escaped(shortened(text, kMaxLoggedValue), "\"\\");
  // Whatever was escaped has a backslash in it now.
  if (!shown.empty() && shown.find_first_of(" \"\\=") == std::string::npos) {
    line += shown;
  } else {
    line += '"' + shown + '"';
  }
}

std::string text_line(Timestamp time, LogLevel level, std::string_view stage,
                      std::string_view message, LogFields fields) {
  std::string line = to_text(time);
  line += ' ';
  line += name_of(level);
  if (!stage.empty()) (line += ' ') += stage;
  line += ' ';
  line += escaped(shortened(message, kMaxLoggedValue));
  for (const LogField& field : fields) {
    ((line += ' ') += field.key) += '=';
    std::visit(
        [&line](auto value) {
          if constexpr (std::is_same_v<decltype(value), std::string_view>) {
            append_text_value(line, value);
          } else {
            fmt::format_to(std::back_inserter(line), "{}", value);
          }
        },
        field.value);
  }
  return line;
}

std::string json_line(Timestamp time, LogLevel level, std::string_view stage,
                      std::string_view message, LogFields fields) {
  nlohmann::ordered_json line{{"time", to_text(time)},
                              {"level", name_of(level)},
                              {"stage", stage},
                              {"message", shortened(message, kMaxLoggedValue)}};
  for (const LogField& field : fields) {
    std::visit(
        [&](auto value) {
          if constexpr (std::is_same_v<decltype(value), std::string_view>) {
            line[std::string{field.key}] = shortened(value, kMaxLoggedValue);
          } else {
            line[std::string{field.key}] = value;
          }
        },
        field.value);
  }
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

std::string format_log_line(LogFormat format, Timestamp time, LogLevel level,
                            std::string_view stage, std::string_view message, LogFields fields) {
  return format == LogFormat::Json ? json_line(time, level, stage, message, fields)
                                   : text_line(time, level, stage, message, fields);
}

}  // namespace pullwire
