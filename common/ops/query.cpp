#include "common/ops/query.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>

namespace pullwire {
namespace {

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::string unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain += text[i];
      continue;
    }
    const auto high = i + 2 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
    const auto low = i + 2 < text.size() ? hex_digit(text[i + 2]) : std::nullopt;
    if (!high || !low) {
      throw std::invalid_argument{"two hexadecimal digits must follow % in " + std::string{text}};
    }
    plain += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return plain;
}

template <class Number>
Number parse_number(std::string_view name, std::string_view value, Number max,
                    std::string_view kind) {
  Number number{};
  const char* const end = value.data() + value.size();
  const auto [rest, error] = std::from_chars(value.data(), end, number);
  // A NaN is not >= 0.
  if (error != std::errc{} || rest != end || !(number >= 0 && number <= max)) {
    throw std::invalid_argument{std::string{name} + " must be a " + std::string{kind} +
                                " from 0 to " + std::to_string(static_cast<std::uint64_t>(max)) +
                                ", not '" + std::string{value} + "'"};
  }
  return number;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> parse_query(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> options;
  if (text.empty() || text == "?") return options;
  if (text.front() != '?') {
    throw std::invalid_argument{"'" + std::string{text} +
                                "': only options may follow, after a question mark"};
  }
  do {
    text.remove_prefix(1);
    const std::string_view option = text.substr(0, text.find('&'));
    text.remove_prefix(option.size());
    const std::size_t equals = option.find('=');
    if (equals == std::string_view::npos) {
      throw std::invalid_argument{"an option is NAME=VALUE, not '" + std::string{option} + "'"};
    }
    std::string name = unescape(option.substr(0, equals));
    const bool twice = std::any_of(options.begin(), options.end(),
                                   [&](const auto& given) { return given.first == name; });
    if (twice) throw std::invalid_argument{"the option " + name + " stands there twice"};
    options.emplace_back(std::move(name), unescape(option.substr(equals + 1)));
  } while (!text.empty());
  return options;
}

void unknown_option(std::string_view name, std::string_view known) {
  throw std::invalid_argument{"unknown option '" + std::string{name} + "': there is " +
                              std::string{known}};
}

double query_decimal(std::string_view name, std::string_view value, double max) {
  return parse_number(name, value, max, "number");
}

std::uint64_t query_number(std::string_view name, std::string_view value, std::uint64_t max) {
  return parse_number(name, value, max, "whole number");
}

std::chrono::nanoseconds query_milliseconds(std::string_view name, std::string_view value,
                                            std::chrono::milliseconds max) {
  const double ms = query_decimal(name, value, static_cast<double>(max.count()));
  return std::chrono::round<std::chrono::nanoseconds>(
      std::chrono::duration<double, std::milli>{ms});
}

}  // namespace pullwire
