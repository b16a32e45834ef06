// The beginning of a text that is too long.
#pragma once

#include <cstddef>
#include <string_view>

namespace pullwire {

/// The text, or as much of its beginning as fits into `bytes` without cutting a UTF-8
/// character.
inline std::string_view clipped(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0U) == 0x80U) --bytes;
  return text.substr(0, bytes);
}

}  // namespace pullwire
