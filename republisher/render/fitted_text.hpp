// A post as a text for people, as short as a platform wants it.
//
// Pure; may be called from any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/model/post.hpp"

namespace pullwire::republisher {

/// What a text may be. Characters are extended grapheme clusters (UAX #29): what a reader sees
/// as one.
struct TextLimits {
  std::size_t graphemes = 500;
  std::size_t bytes = 0;  ///< of UTF-8; 0: any
  /// Graphemes that a link counts, however long; 0: as many as it has. One that platforms may not
  /// take for a link (no dot in its host, say) counts as many as it has if they are more.
  std::size_t link = 0;
};

/// A part of a text that leads somewhere.
struct TextSpan {
  enum class Kind { Link, Hashtag };
  Kind kind;
  std::size_t begin;  ///< in bytes
  std::size_t end;
  std::string value;  ///< the URL; or the hashtag without #

  friend bool operator==(const TextSpan&, const TextSpan&) = default;
};

struct FittedText {
  std::string text;             ///< never empty, UTF-8, without control characters but line feeds
  std::vector<TextSpan> spans;  ///< in order, none within another
  std::size_t graphemes = 0;    ///< as TextLimits counts them
};

inline constexpr std::string_view kDefaultPattern = "{text}\n\n{url}";

/// Throws std::invalid_argument, which names the place, unless `pattern` is UTF-8 of at most 1,000
/// bytes without control characters but line feeds, its braces enclose nothing but {text},
/// {author}, {author_name}, {url}, {hashtags}, {media}, {source} and {created_at}, each at most
/// once, and {text} or {url} is there.
void check_pattern(std::string_view pattern);

/// `pattern` (one that check_pattern() takes) is what the operator wants to see:
///   {text}         the post's text, without surplus blank lines
///   {url}          where it is from; nothing if that stands in the text, or is no web address
///   {hashtags}     those that do not stand in the text: "#one #two"
///   {media}        what is said of its media, a line each: "[image: a cat]"
///   {author}       "@ada"; nothing where it is but the name
///   {author_name}  display name; else handle, else the source's name
///   {source}, {created_at}
/// A line of the pattern whose placeholders all have nothing is left out; so are the space
/// beside such a placeholder, and brackets around it.
///
/// Where the whole is too long, the post's own text is cut at a word and "…" put there; in
/// languages without spaces, or in a very long word, between graphemes. Links and hashtags are
/// kept whole or left out. All but {text} and {url} has at most half of the room if the text
/// needs it: of hashtags and media the last are left out, then other fields. {url} is kept,
/// unless it alone is longer than the limits, of which at least 4 graphemes and 12 bytes are
/// expected.
FittedText fit_text(const Post& post, std::string_view pattern, const TextLimits& limits);

}  // namespace pullwire::republisher
