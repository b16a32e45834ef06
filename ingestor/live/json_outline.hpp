// Where the members of a JSON object begin and end, without reading them.
//
// Pure; not thread-safe. Linear in time, without memory of its own.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace pullwire::ingestor {

/// Goes through an object or an array. The outline of what is there is known even where the
/// text breaks off, or where a value is broken.
class JsonOutline {
 public:
  /// `text` begins with { or [.
  explicit JsonOutline(std::string_view text) : text_{text} {}

  /// The next value that is whole; false if there is none.
  bool next();
  std::string_view key() const { return key_; }      ///< of an object's: as written, in quotes
  std::string_view value() const { return value_; }  ///< as written
  /// After the last: whether the text ends before the object or array does.
  bool cut() const { return at_ >= text_.size(); }

 private:
  void pass_blanks_and(char sign);
  std::optional<std::string_view> take_value();
  bool pass_string();

  std::string_view text_;
  std::string_view key_;
  std::string_view value_;
  std::size_t at_ = 1;
};

}  // namespace pullwire::ingestor
