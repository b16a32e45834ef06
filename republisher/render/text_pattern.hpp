// What an operator wants to see of a post: text with placeholders. Pure; from any thread.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace pullwire::republisher {

enum class Field { Text, Url, Hashtags, Media, Author, AuthorName, Source, CreatedAt };
inline constexpr std::size_t kFields = 8;

/// What stands for each placeholder; "": nothing.
class FieldValues {
 public:
  std::string& operator[](Field field) { return values_[static_cast<std::size_t>(field)]; }
  const std::string& operator[](Field field) const {
    return values_[static_cast<std::size_t>(field)];
  }

 private:
  std::array<std::string, kFields> values_;
};

struct FilledPattern {
  std::string text;
  std::optional<std::size_t> url;  ///< where it begins, in bytes, if it is there
};

/// `pattern` must be one that check_pattern() (fitted_text.hpp) takes.
FilledPattern fill(std::string_view pattern, const FieldValues& values);

/// Whether `pattern` shows the field.
bool shows(std::string_view pattern, Field field);

}  // namespace pullwire::republisher
