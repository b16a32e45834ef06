#include "common/ops/query.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>
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

}  // namespace

std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> options;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) {
      throw std::invalid_argument{"an option is NAME=VALUE, not " + std::string{part}};
    }
    std::string name = unescape(part.substr(0, equals));
    const bool twice = std::any_of(options.begin(), options.end(),
                                   [&](const auto& option) { return option.first == name; });
    if (twice) throw std::invalid_argument{"the option " + name + " stands there twice"};
    options.emplace_back(std::move(name), unescape(part.substr(equals + 1)));
  }
  return options;
}

double query_decimal(std::string_view name, std::string_view value, double min, double max) {
  double number = 0;
  const char* end = value.data() + value.size();
  const auto [rest, error] = std::from_chars(value.data(), end, number, std::chars_format::fixed);
  if (error != std::errc{} || rest != end || !(number >= min && number <= max)) {
    std::ostringstream text;
    text << name << " must be a number from " << min << " to " << max << ", not " << value;
    throw std::invalid_argument{text.str()};
  }
  return number;
}

}  // namespace pullwire
