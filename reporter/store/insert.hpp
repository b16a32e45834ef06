// Rows for SQLite, written without a copy or a conversion more than needed. For one thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include "common/model/time.hpp"

namespace pullwire::reporter {

/// Writes times as `to_text` does. Most times of a batch lie in few seconds, so the
/// last one's text is kept: a tenth of the time of `to_text`.
class TimeText {
 public:
  std::string_view write(Timestamp time) {
    const std::int64_t micros = ((time.micros % kSecond) + kSecond) % kSecond;
    const Timestamp second{time.micros - micros};
    if (text_.empty() || second != second_) text_ = to_text(second_ = second);
    auto digit = text_.rbegin() + 1;  // before the Z
    for (std::int64_t rest = micros, i = 0; i < 6; ++i, rest /= 10) {
      *digit++ = static_cast<char>('0' + rest % 10);
    }
    return text_;
  }

 private:
  static constexpr std::int64_t kSecond = 1'000'000;
  Timestamp second_;
  std::string text_;
};

/// A prepared statement whose values are bound without a copy by SQLite: they stay
/// in buffers that are used again for every row.
class Insert {
 public:
  Insert(const SQLite::Database& database, const char* sql) : statement_{database, sql} {}

  /// Begins a row; its values bind in the order of the statement's parameters.
  void begin() noexcept {
    statement_.tryReset();  // repeats the error of a failed run, which was thrown then
    next_ = 0;
  }
  void text(std::string_view value) {
    std::string& buffer = buffers_.at(static_cast<std::size_t>(next_));
    buffer.assign(value);
    statement_.bindNoCopy(++next_, buffer);
  }
  void text_or_null(std::string_view value) {
    if (value.empty()) {
      statement_.bind(++next_);
    } else {
      text(value);
    }
  }
  void time(Timestamp value) { text(time_text_.write(value)); }
  void time_or_null(std::optional<Timestamp> value) {
    if (value) {
      time(*value);
    } else {
      statement_.bind(++next_);
    }
  }
  void number(std::int64_t value) { statement_.bind(++next_, value); }

  /// Returns whether the row was inserted or changed.
  bool run() { return statement_.exec() > 0; }

 private:
  SQLite::Statement statement_;
  std::array<std::string, 12> buffers_;
  TimeText time_text_;
  int next_ = 0;
};

/// A JSON array of strings, which are UTF-8.
inline std::string to_json(const std::vector<std::string_view>& strings) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string json = "[";
  for (const std::string_view string : strings) {
    json += json.size() > 1 ? ",\"" : "\"";
    for (const char c : string) {
      if (c == '"' || c == '\\') {
        json += {'\\', c};
      } else if (c >= 0 && c < ' ') {
        json += "\\u00";
        json += {kHex[static_cast<std::size_t>(c / 16)], kHex[static_cast<std::size_t>(c % 16)]};
      } else {
        json += c;
      }
    }
    json += '"';
  }
  return json += ']';
}

}  // namespace pullwire::reporter
