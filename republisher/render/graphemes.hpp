// Extended grapheme clusters (UAX #29): what a reader sees as one character. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pullwire::republisher {

/// Walks through valid UTF-8, a code point at a time.
class GraphemeWalk {
 public:
  explicit GraphemeWalk(std::string_view text) : text_{text} {}

  /// Reads the next code point; false at the end.
  bool next();

  /// Of the code point that was read last.
  [[nodiscard]] std::size_t begin() const { return begin_; }
  [[nodiscard]] std::int32_t code() const { return code_; }
  [[nodiscard]] std::int32_t before() const { return before_; }  ///< 0 at the beginning
  [[nodiscard]] bool begins_cluster() const { return begins_cluster_; }
  /// Within a conjunct of an Indic script, perhaps: one cluster since Unicode 15.1, two before.
  [[nodiscard]] bool behind_virama() const;

 private:
  std::string_view text_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::int32_t code_ = 0;
  std::int32_t before_ = 0;
  std::int32_t state_ = 0;
  bool begins_cluster_ = false;
};

std::size_t count_graphemes(std::string_view text);

/// Whether a text may be cut before the code point that was read last without cutting a word:
/// beside white space, or between characters of which each is a word or nearly one (Chinese,
/// Japanese, emoji), but not before a closing mark or behind an opening one.
bool is_word_boundary(const GraphemeWalk& walk);

}  // namespace pullwire::republisher
