#include "republisher/render/graphemes.hpp"

#include <utf8proc.h>

namespace pullwire::republisher {
namespace {

bool is_space(std::int32_t code) {
  constexpr std::int32_t kNoBreakSpace = 0xA0;
  constexpr std::int32_t kNarrowNoBreakSpace = 0x202F;
  constexpr std::int32_t kZeroWidthSpace = 0x200B;  // between words in Thai, Khmer
  if (code == ' ' || code == '\n' || code == kZeroWidthSpace) return true;
  return utf8proc_category(code) == UTF8PROC_CATEGORY_ZS && code != kNoBreakSpace &&
         code != kNarrowNoBreakSpace;
}

/// Korean has spaces between its words.
bool is_hangul(std::int32_t code) {
  return (code >= 0x1100 && code <= 0x11FF) || (code >= 0x3130 && code <= 0x318F) ||
         (code >= 0xA960 && code <= 0xA97F) || (code >= 0xAC00 && code <= 0xD7FF);
}

bool stands_alone(std::int32_t code) {
  return utf8proc_charwidth(code) == 2 && !is_hangul(code);
}

bool opens(std::int32_t code) {
  const auto category = utf8proc_category(code);
  return category == UTF8PROC_CATEGORY_PS || category == UTF8PROC_CATEGORY_PI;
}

bool closes(std::int32_t code) {
  const auto category = utf8proc_category(code);
  return category == UTF8PROC_CATEGORY_PE || category == UTF8PROC_CATEGORY_PF ||
         category == UTF8PROC_CATEGORY_PO;
}

}  // namespace

bool GraphemeWalk::next() {
  if (end_ >= text_.size()) return false;
  begin_ = end_;
  before_ = begin_ == 0 ? 0 : code_;
  const auto size =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text_.data()) + begin_,
                       static_cast<utf8proc_ssize_t>(text_.size() - begin_), &code_);
  if (size <= 0) code_ = 0xFFFD;
  end_ += size > 0 ? static_cast<std::size_t>(size) : 1;
  begins_cluster_ = begin_ == 0 || utf8proc_grapheme_break_stateful(before_, code_, &state_);
  return true;
}

bool GraphemeWalk::behind_virama() const {
  constexpr int kVirama = 9;  // canonical combining class
  return utf8proc_get_property(before_)->combining_class == kVirama;
}

std::size_t count_graphemes(std::string_view text) {
  std::size_t count = 0;
  for (GraphemeWalk walk{text}; walk.next();) count += walk.begins_cluster() ? 1U : 0U;
  return count;
}

bool is_word_boundary(const GraphemeWalk& walk) {
  if (walk.begin() == 0 || is_space(walk.before()) || is_space(walk.code())) return true;
  if (!stands_alone(walk.before()) && !stands_alone(walk.code())) return false;
  return !closes(walk.code()) && !opens(walk.before());
}

}  // namespace pullwire::republisher
