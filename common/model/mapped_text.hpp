// Texts of strangers in a normal form. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pullwire {

/// utf8proc_map() with `options` (utf8proc_option_t); nothing if `text` is no UTF-8. To put marks
/// into order costs the square of their number, so a text is mapped in pieces, cut before ASCII or
/// a letter; marks and nothing else for 256 bytes are cut between any two.
std::optional<std::string> map_text(std::string_view text, int options);

}  // namespace pullwire
