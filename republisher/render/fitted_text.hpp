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
  std::size_t link = 0;   ///< graphemes that a link counts, however long; 0: as many as it has
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
};

/// `pattern` is what the operator wants to see, with {text}, {author}, {url}, {hashtags} and so
/// on replaced. Where the whole is too long, the post's own text is cut at a word and "…" put
/// there; links and hashtags are kept whole or left out, and {url} is always kept.
FittedText fit_text(const Post& post, std::string_view pattern, const TextLimits& limits);

}  // namespace pullwire::republisher
