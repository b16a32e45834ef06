#include "ingestor/live/feed_dates.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace pullwire::ingestor {
namespace {

using std::chrono::minutes;

constexpr std::size_t kMostBytes = 128;

struct Parts {
  std::optional<int> year, month, day;
  std::optional<std::chrono::microseconds> clock;
  std::optional<minutes> zone;
  bool afternoon = false;
  bool forenoon = false;
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// The digits at the front, which are removed; nothing if there are none or more than `most`.
std::optional<int> take_number(std::string_view& text, std::size_t most) {
  int value = 0;
  std::size_t count = 0;
  for (; count < text.size() && is_digit(text[count]); ++count) {
    if (count == most) return std::nullopt;
    value = value * 10 + (text[count] - '0');
  }
  if (count == 0) return std::nullopt;
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

/// Place of the name of which `word` is at least the first three letters.
template <std::size_t kCount>
std::optional<int> place_of(std::string_view word,
                            const std::array<std::string_view, kCount>& names) {
  if (word.size() < 3) return std::nullopt;
  for (std::size_t i = 0; i < kCount; ++i) {
    const bool same = word.size() <= names[i].size() &&
                      std::equal(word.begin(), word.end(), names[i].begin(),
                                 [](char a, char b) { return (a | 0x20) == b; });
    if (same) return static_cast<int>(i);
  }
  return std::nullopt;
}

constexpr std::array<std::string_view, 12> kMonths = {
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};
constexpr std::array<std::string_view, 7> kWeekdays = {"sunday",   "monday", "tuesday", "wednesday",
                                                       "thursday", "friday", "saturday"};

/// Of RFC 822 and what else is met; another's, and letters of the military, are UTC (RFC 5322,
/// 4.3).
minutes named_zone(std::string_view name) {
  struct Zone {
    std::string_view name;
    int minutes;
  };
  static constexpr auto kZones = std::to_array<Zone>(
      {{"EST", -300}, {"EDT", -240}, {"CST", -360},  {"CDT", -300},  {"MST", -420}, {"MDT", -360},
       {"PST", -480}, {"PDT", -420}, {"AKST", -540}, {"AKDT", -480}, {"HST", -600}, {"AST", -240},
       {"ADT", -180}, {"BRT", -180}, {"WEST", 60},   {"BST", 60},    {"CET", 60},   {"MET", 60},
       {"CEST", 120}, {"MEST", 120}, {"EET", 120},   {"EEST", 180},  {"MSK", 180},  {"IST", 330},
       {"SGT", 480},  {"HKT", 480},  {"AWST", 480},  {"JST", 540},   {"KST", 540},  {"ACST", 570},
       {"AEST", 600}, {"AEDT", 660}, {"NZST", 720},  {"NZDT", 780}});
  for (const Zone& zone : kZones) {
    const bool same = std::equal(name.begin(), name.end(), zone.name.begin(), zone.name.end(),
                                 [](char a, char b) { return (a & ~0x20) == b; });
    if (same) return minutes{zone.minutes};
  }
  return minutes{0};
}

/// "+0100", "-01:00", "+01".
std::optional<minutes> offset(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  const auto digits = [&text] {
    std::optional<int> value;
    if (text.size() >= 2 && is_digit(text[0]) && is_digit(text[1])) {
      value = (text[0] - '0') * 10 + (text[1] - '0');
      text.remove_prefix(2);
    }
    return value;
  };
  const auto hour = digits();
  if (!hour || *hour > 23) return std::nullopt;
  take(text, ':');
  const auto minute = text.empty() ? std::optional{0} : digits();
  if (!minute || *minute > 59 || !text.empty()) return std::nullopt;
  const minutes value{*hour * 60 + *minute};
  return negative ? -value : value;
}

/// "17:42", "17:42:55", "17:42:55.123", removed from the front.
std::optional<std::chrono::microseconds> take_clock(std::string_view& text) {
  const auto hour = take_number(text, 2);
  if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  std::optional<int> second = 0;
  std::int64_t fraction = 0;
  if (take(text, ':')) {
    second = take_number(text, 2);
    if (!second || *second > 60) return std::nullopt;
    if (take(text, '.') || take(text, ',')) {
      std::int64_t worth = 100'000;
      for (; !text.empty() && is_digit(text.front()); worth /= 10, text.remove_prefix(1)) {
        fraction += worth * (text.front() - '0');
      }
    }
  }
  return std::chrono::hours{*hour} + minutes{*minute} + std::chrono::seconds{*second} +
         std::chrono::microseconds{fraction};
}

std::optional<Timestamp> point(const Parts& parts) {
  if (!parts.year || !parts.month || !parts.day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*parts.year},
                                         std::chrono::month{static_cast<unsigned>(*parts.month)},
                                         std::chrono::day{static_cast<unsigned>(*parts.day)}};
  if (!date.ok()) return std::nullopt;
  auto clock = parts.clock.value_or(std::chrono::microseconds{0});
  if (parts.afternoon && clock < std::chrono::hours{12}) clock += std::chrono::hours{12};
  if (parts.forenoon && clock >= std::chrono::hours{12}) clock -= std::chrono::hours{12};
  const auto time = std::chrono::sys_days{date} + clock - parts.zone.value_or(minutes{0});
  const auto year = std::chrono::year_month_day{std::chrono::floor<std::chrono::days>(time)}.year();
  if (year < std::chrono::year{1} || year > std::chrono::year{9999}) return std::nullopt;
  return Timestamp{time.time_since_epoch().count()};
}

/// "2026-11-23", then "T17:42:55+01:00" or less of it.
std::optional<Timestamp> iso_date(std::string_view text) {
  Parts parts;
  parts.year = take_number(text, 4);
  if (!take(text, '-')) return std::nullopt;
  parts.month = take_number(text, 2);
  if (!take(text, '-')) return std::nullopt;
  parts.day = take_number(text, 2);
  if (text.empty()) return point(parts);
  if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return std::nullopt;
  parts.clock = take_clock(text);
  if (!parts.clock) return std::nullopt;
  take(text, ' ');
  if (text.empty() || text == "Z" || text == "z" || text == "UTC" || text == "GMT") {
    return point(parts);
  }
  parts.zone = offset(text);
  return parts.zone ? point(parts) : std::nullopt;
}

/// Puts a number without sign where it belongs: a day of the month before a year.
bool place_number(std::string_view word, Parts& parts) {
  const std::size_t digits = word.size();
  const auto value = take_number(word, 4);
  if (!value || !word.empty()) return false;
  if (!parts.day && digits <= 2) {
    parts.day = value;
  } else if (!parts.year) {
    // RFC 5322, 4.3.
    parts.year = digits > 3 ? *value : digits == 3 || *value >= 50 ? *value + 1900 : *value + 2000;
  } else {
    return false;
  }
  return true;
}

bool place_word(std::string_view word, Parts& parts) {
  if (is_digit(word.front())) {
    if (word.find(':') == std::string_view::npos) return place_number(word, parts);
    if (parts.clock) return false;
    parts.clock = take_clock(word);
    return parts.clock && (word.empty() || place_word(word, parts));
  }
  if (word.front() == '+' || word.front() == '-') {
    parts.zone = offset(word);
    return parts.zone.has_value();
  }
  const auto letters = static_cast<std::size_t>(
      std::find_if_not(word.begin(), word.end(), is_letter) - word.begin());
  if (letters == 0) return false;
  const std::string_view name = word.substr(0, letters);
  const std::string_view rest = word.substr(letters);
  if (!parts.month && rest.empty()) {
    if (const auto month = place_of(name, kMonths)) {
      parts.month = *month + 1;
      return true;
    }
  }
  if (rest.empty() && place_of(name, kWeekdays)) return true;
  if (!parts.clock || letters > 5) return false;  // a zone stands behind the time
  if (rest.empty() && (name == "AM" || name == "am" || name == "PM" || name == "pm")) {
    (name.front() == 'P' || name.front() == 'p' ? parts.afternoon : parts.forenoon) = true;
    return true;
  }
  if (parts.zone && rest.empty()) return true;                  // "+0100 CET"
  parts.zone = rest.empty() ? named_zone(name) : offset(rest);  // "GMT+0100"
  return parts.zone.has_value();
}

/// Words in any order but that a day comes before its year.
std::optional<Timestamp> mail_date(std::string_view text) {
  Parts parts;
  // "23-Nov-26": the signs are blanks if there is a letter between them.
  std::string words{text};
  for (std::size_t i = 1; i + 1 < words.size(); ++i) {
    const bool between = (is_letter(words[i - 1]) && is_digit(words[i + 1])) ||
                         (is_digit(words[i - 1]) && is_letter(words[i + 1]));
    if (words[i] == '-' && between && !parts.clock && words.find(':') > i) words[i] = ' ';
  }
  std::string_view rest = words;
  while (true) {
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t\n,."), rest.size()));
    if (rest.empty() || rest.front() == '(') return point(parts);  // a comment ends it
    const std::size_t size = std::min(rest.find_first_of(" \t\n,("), rest.size());
    std::string_view word = rest.substr(0, size);
    rest.remove_prefix(size);
    if (word.ends_with('.')) word.remove_suffix(1);
    if (word.empty() || !place_word(word, parts)) return std::nullopt;
  }
}

}  // namespace

std::optional<Timestamp> parse_feed_date(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos || text.size() > kMostBytes) return std::nullopt;
  text = text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
  const bool iso = text.size() >= 8 && is_digit(text[3]) && text[4] == '-';
  return iso ? iso_date(text) : mail_date(text);
}

}  // namespace pullwire::ingestor
