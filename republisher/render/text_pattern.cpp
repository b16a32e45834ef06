#include "republisher/render/text_pattern.hpp"

#include <algorithm>
#include <bitset>
#include <stdexcept>

#include "republisher/render/fitted_text.hpp"
#include "republisher/render/plain.hpp"

namespace pullwire::republisher {
namespace {

constexpr std::size_t kPatternBytes = 1000;
constexpr std::array<std::string_view, kFields> kNames{
    "text", "url", "hashtags", "media", "author", "author_name", "source", "created_at"};

std::optional<Field> find_field(std::string_view name) {
  const auto* const found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Field>(found - kNames.begin());
}

/// What a pattern begins with: a placeholder, or text up to the next one.
struct Piece {
  std::string_view literal;
  std::optional<Field> field;
  std::size_t size;
};

Piece first_piece(std::string_view pattern) {
  if (pattern.front() == '{') {
    const std::size_t end = pattern.find('}');
    return {.literal = {}, .field = find_field(pattern.substr(1, end - 1)), .size = end + 1};
  }
  const std::size_t end = std::min(pattern.find('{'), pattern.size());
  return {.literal = pattern.substr(0, end), .field = std::nullopt, .size = end};
}

[[noreturn]] void refuse(std::string_view pattern, std::size_t at, const std::string& why) {
  const auto line = std::count(pattern.begin(), pattern.begin() + static_cast<long>(at), '\n') + 1;
  const std::size_t line_begin = pattern.substr(0, at).rfind('\n') + 1;  // npos + 1: 0
  throw std::invalid_argument{"line " + std::to_string(line) + ", byte " +
                              std::to_string(at - line_begin + 1) + " of the template: " + why};
}

std::string known_placeholders() {
  std::string all;
  for (const std::string_view name : kNames) {
    all.append(all.empty() ? "{" : ", {").append(name).append("}");
  }
  return all;
}

/// A line of the pattern on its way to be filled.
struct Line {
  FilledPattern filled{};
  bool any_field = false;
  bool any_value = false;
  bool gap = false;  ///< a placeholder had nothing: the space behind it goes, too

  void add_literal(std::string_view literal) {
    std::string& text = filled.text;
    if (gap && !text.empty() && !literal.empty()) {
      const char before = text.back();
      if ((before == '(' && literal.front() == ')') || (before == '[' && literal.front() == ']')) {
        text.pop_back();
        literal.remove_prefix(1);
      }
    }
    if (gap && (text.empty() || text.back() == ' ')) {
      literal.remove_prefix(std::min(literal.find_first_not_of(' '), literal.size()));
    }
    gap = false;
    text.append(literal);
  }

  void add_value(Field field, const std::string& value) {
    any_field = true;
    if (value.empty()) {
      gap = true;
      return;
    }
    any_value = true;
    gap = false;
    if (field == Field::Url) filled.url = filled.text.size();
    filled.text.append(value);
  }
};

Line fill_line(std::string_view pattern, const FieldValues& values) {
  Line line;
  while (!pattern.empty()) {
    const Piece piece = first_piece(pattern);
    if (piece.field) {
      line.add_value(*piece.field, values[*piece.field]);
    } else {
      line.add_literal(piece.literal);
    }
    pattern.remove_prefix(piece.size);
  }
  while (line.filled.text.ends_with(' ')) line.filled.text.pop_back();
  return line;
}

}  // namespace

void check_pattern(std::string_view pattern) {
  if (pattern.size() > kPatternBytes) {
    throw std::invalid_argument{"the template is longer than " + std::to_string(kPatternBytes) +
                                " bytes"};
  }
  if (clean(pattern) != pattern || pattern.find('\t') != std::string_view::npos) {
    throw std::invalid_argument{"the template has control characters, or bytes that are not UTF-8"};
  }
  std::bitset<kFields> seen;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] == '}') refuse(pattern, at, "} without a { before it");
    if (pattern[at] != '{') continue;
    const std::size_t end = pattern.find_first_of("{}\n", at + 1);
    if (end == std::string_view::npos || pattern[end] != '}') refuse(pattern, at, "{ without a }");
    const std::string placeholder{pattern.substr(at, end + 1 - at)};
    const auto field = find_field(pattern.substr(at + 1, end - at - 1));
    if (!field) {
      refuse(pattern, at,
             "unknown placeholder " + placeholder + "; there are " + known_placeholders());
    }
    if (seen[static_cast<std::size_t>(*field)]) refuse(pattern, at, placeholder + " comes twice");
    seen.set(static_cast<std::size_t>(*field));
    at = end;
  }
  if (!shows(pattern, Field::Text) && !shows(pattern, Field::Url)) {
    throw std::invalid_argument{"the template has neither {text} nor {url}"};
  }
}

bool shows(std::string_view pattern, Field field) {
  const std::string_view name = kNames[static_cast<std::size_t>(field)];
  return pattern.find("{" + std::string{name} + "}") != std::string_view::npos;
}

FilledPattern fill(std::string_view pattern, const FieldValues& values) {
  FilledPattern whole;
  bool blank_before = false;
  while (!pattern.empty()) {
    const std::size_t end = std::min(pattern.find('\n'), pattern.size());
    const Line line = fill_line(pattern.substr(0, end), values);
    pattern.remove_prefix(std::min(end + 1, pattern.size()));
    if (line.any_field && !line.any_value) continue;
    if (line.filled.text.empty()) {
      blank_before = true;
      continue;
    }
    if (!whole.text.empty()) whole.text.append(blank_before ? "\n\n" : "\n");
    blank_before = false;
    if (line.filled.url) whole.url = whole.text.size() + *line.filled.url;
    whole.text.append(line.filled.text);
  }
  return whole;
}

}  // namespace pullwire::republisher
