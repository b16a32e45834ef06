// What is written for an operator to read: one line, whatever strangers put in.
//
// Pure and thread-safe.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace pullwire {

/// Whether `text` is valid UTF-8 (no surrogates, nothing beyond U+10FFFF).
[[nodiscard]] bool is_utf8(std::string_view text);

/// The first `max_bytes` of `text` at most, cut between characters, with "…"
/// after them if something was cut.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t max_bytes);

/// `text` on one line: control characters, line separators and bidirectional
/// overrides become \n, \x1b or \u202e, bytes that are not UTF-8 \xff, and each
/// character of `also` (ASCII) gets a backslash.
[[nodiscard]] std::string escaped(std::string_view text, std::string_view also = {});

/// `text` for a message: in double quotes, escaped, shortened to 200 bytes.
[[nodiscard]] std::string in_quotes(std::string_view text);

/// Puts *** in the place of each of `secrets` that stands in `said`, and of the beginning of one
/// (four bytes or more) where `shortened` has cut it.
void hide_secrets(std::span<const std::string> secrets, std::string& said);

/// ", did you mean X?" with the one of `known` that is at most a third of its
/// letters away from `word`, or nothing.
[[nodiscard]] std::string did_you_mean(std::string_view word, std::span<const std::string> known);

}  // namespace pullwire
