// References to characters in markup: &amp; &#8212; &#x2014; &mdash;
//
// Pure; from any thread. Linear in the size of the text, whatever a document declares: an
// entity of its own is never expanded.
#pragma once

#include <string>
#include <string_view>

namespace pullwire::ingestor {

/// Appends `raw` to `out` with references to characters, by number or by a name of HTML 4 or
/// XML, resolved. Numbers 128 to 159 are read as windows-1252, which is what their writers
/// mean; other control characters are left out, what is no character becomes U+FFFD. An &
/// that begins no such reference stays.
void append_resolved(std::string_view raw, std::string& out);

/// Appends `text` with &, < and > written as references.
void append_escaped(std::string_view text, std::string& out);

/// Appends the character; nothing for a control character other than tab and line feed,
/// U+FFFD for what is no character.
void append_character(char32_t character, std::string& out);

/// The character of a byte from 0x80 to 0x9F in windows-1252; U+FFFD if there is none.
char32_t windows_1252(unsigned char byte);

}  // namespace pullwire::ingestor
