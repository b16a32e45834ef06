#include "common/model/mapped_text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

#include <utf8proc.h>

namespace pullwire {
namespace {

constexpr std::size_t kPiece = 256;         // bytes; then before the next ASCII character,
constexpr std::size_t kLongestPiece = 512;  // or before the last letter, or here

bool begins_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) != 0x80;
}

/// A letter of those that are never composed with what stands before them.
bool is_letter_alone(std::string_view text) {
  utf8proc_int32_t code = -1;
  utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &code);
  if (code < 0 || (code >= 0x1160 && code <= 0x11FF)) return false;  // Hangul's parts
  const auto category = utf8proc_category(code);
  return category == UTF8PROC_CATEGORY_LO || category == UTF8PROC_CATEGORY_LL ||
         category == UTF8PROC_CATEGORY_LU;
}

/// Bytes of the first piece. Neither is ASCII composed with what stands before it.
std::size_t piece_size(std::string_view text) {
  const std::size_t most = std::min(text.size(), kLongestPiece);
  for (std::size_t at = kPiece; at < most; ++at) {
    if (static_cast<unsigned char>(text[at]) < 0x80) return at;
  }
  if (most == text.size()) return most;
  std::size_t end = most;
  while (end > most - 4 && !begins_character(text[end])) --end;
  for (std::size_t at = end; at > kPiece; --at) {
    if (begins_character(text[at]) && is_letter_alone(text.substr(at))) return at;
  }
  return end;
}

}  // namespace

std::optional<std::string> map_text(std::string_view text, int options) {
  std::string all;
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, piece_size(text));
    text.remove_prefix(piece.size());
    utf8proc_uint8_t* mapped = nullptr;
    const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(piece.data()),
                                   static_cast<utf8proc_ssize_t>(piece.size()), &mapped,
                                   static_cast<utf8proc_option_t>(options));
    const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner{mapped, &std::free};
    if (size == UTF8PROC_ERROR_NOMEM) throw std::bad_alloc{};
    if (size < 0) return std::nullopt;
    all.append(reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(size));
  }
  return all;
}

}  // namespace pullwire
