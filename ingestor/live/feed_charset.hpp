// From bytes in whatever encoding to text that the readers of feeds can rely on.
//
// Pure; from any thread.
#pragma once

#include <string>
#include <string_view>

namespace pullwire::ingestor {

struct DecodedText {
  std::string text;    ///< UTF-8 without control characters other than tab and line feed
  std::string damage;  ///< what was wrong with the encoding; "": nothing
};

/// In this order: a byte order mark, the charset of `content_type`, the XML declaration,
/// UTF-8. What is named is not believed where the bytes show that it cannot be: text that is
/// said to be UTF-8 and is not is read as windows-1252, and the other way round. A pair of
/// carriage return and line feed becomes a line feed. Linear in time.
DecodedText decode_text(std::string_view bytes, std::string_view content_type);

/// `text` without a control character other than tab and line feed; bytes that are not UTF-8
/// become U+FFFD.
std::string without_controls(std::string_view text);

}  // namespace pullwire::ingestor
