// Text from strangers, made fit to be written: valid UTF-8, no control characters, bounded. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/model/time.hpp"

namespace pullwire::republisher {

/// Appends `text` as what XML 1.0, HTML and a terminal all take: CR LF, CR and
/// the Unicode line and paragraph separators become LF; other control characters
/// (C0 but tab, DEL, C1) are dropped; bytes that are not UTF-8 and noncharacters
/// become U+FFFD.
void append_clean(std::string& out, std::string_view text);
std::string clean(std::string_view text);

/// `text`, cleaned, on one line: each run of white space is one space, none at
/// the ends; marks that reorder text for display (U+202A..202E, U+2066..2069)
/// are dropped, so that a name cannot rearrange what stands beside it. At most
/// `max_bytes`, cut between grapheme clusters and then ended with an ellipsis.
std::string one_line(std::string_view text, std::size_t max_bytes);

/// The longest start of `clean_text` (valid UTF-8) of at most `max_bytes` that
/// ends between grapheme clusters; between code points where a cluster is longer
/// than 256 bytes.
std::string_view cut(std::string_view clean_text, std::size_t max_bytes);

/// "2026-11-23 17:42 UTC", for readers of any language.
std::string display_time(Timestamp time);

/// What of an author stands beside the name: the handle, or "" where it is the name itself
/// (feeds know no handles).
inline std::string_view handle_beside(std::string_view author, std::string_view author_name) {
  return author == author_name ? std::string_view{} : author;
}

/// The handle as people write it, "@ada", or "" where there is none.
std::string display_handle(std::string_view author);

/// What to call the author: display name, else handle, else the source's name.
std::string display_name(std::string_view author_name, std::string_view author,
                         std::string_view source);

}  // namespace pullwire::republisher
