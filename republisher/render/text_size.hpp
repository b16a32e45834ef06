// How long a text is for a platform, and the beginning of one that is too long. Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "republisher/render/fitted_text.hpp"

namespace pullwire::republisher {

struct TextSize {
  std::size_t graphemes = 0;
  std::size_t bytes = 0;

  [[nodiscard]] bool within(const TextSize& most) const {
    return graphemes <= most.graphemes && bytes <= most.bytes;
  }
};

/// What is behind the part of a text that is shown.
inline constexpr std::string_view kEllipsis = "\xE2\x80\xA6";

struct MeasuredText {
  TextSize size;
  std::vector<TextSpan> spans;
};

/// The links and hashtags of `text` (clean), and how long it is where a link counts
/// `TextLimits::link`. `url` is a link, whatever it looks like.
struct UrlPlace {
  std::size_t begin;
  std::size_t size;
};
MeasuredText measure(std::string_view text, std::optional<UrlPlace> url, std::size_t link);

/// As much of the beginning of `text` (clean) as fits into `most` with "…" behind it; at least
/// "…". Cut at a word, unless that is longer than anything that people call one; then between
/// graphemes. Never within a link or a hashtag.
std::string shortened_text(std::string_view text, const TextSize& most, std::size_t link);

}  // namespace pullwire::republisher
