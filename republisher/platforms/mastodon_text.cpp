#include <string>
#include <string_view>

#include "republisher/platforms/mastodon.hpp"
#include "republisher/render/plain.hpp"
#include "republisher/render/segments.hpp"

namespace pullwire::republisher {
namespace {

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// Whether a server would take it for a mention's, as it does in addresses: "/-@ada".
bool is_mention(std::string_view url, std::size_t at) {
  return url[at] == '@' && at > 0 && url[at - 1] != '/' && !is_word(url[at - 1]) &&
         at + 1 < url.size() && is_word(url[at + 1]);
}

std::string quiet_address(std::string_view url) {
  std::string quiet;
  for (std::size_t at = 0; at < url.size(); ++at) {
    if (is_mention(url, at)) {
      quiet += "%40";
    } else {
      quiet += url[at];
    }
  }
  return quiet;
}

std::string with_quiet_addresses(std::string_view text) {
  std::string quiet;
  for (const Segment& segment : split_segments(text)) {
    if (segment.kind == SegmentKind::Link) {
      quiet += quiet_address(segment.text);
    } else {
      quiet += segment.text;
    }
  }
  return quiet;
}

}  // namespace

FittedText status_text(const Post& post, std::string_view pattern, const TextLimits& limits) {
  constexpr std::string_view kNonJoiner = "\xE2\x80\x8C";  // U+200C: part of the grapheme before it
  const std::string text = with_quiet_addresses(clean(post.text));
  const std::string url = quiet_address(post.url);
  Post discreet = post;
  discreet.text = text;
  discreet.url = url;
  FittedText plain = fit_text(discreet, pattern, limits);
  FittedText quiet{.text = {}, .spans = {}, .graphemes = plain.graphemes};
  auto span = plain.spans.begin();
  for (std::size_t at = 0; at < plain.text.size(); ++at) {
    while (span != plain.spans.end() && span->end <= at) ++span;
    const bool in_span = span != plain.spans.end() && span->begin <= at;
    if (in_span && span->begin == at) {
      quiet.spans.push_back(*span);
      quiet.spans.back().begin = quiet.text.size();
      quiet.spans.back().end = quiet.text.size() + span->end - span->begin;
    }
    quiet.text += plain.text[at];
    const bool mentions = plain.text[at] == '@' && at + 1 < plain.text.size() &&
                          is_word(plain.text[at + 1]) && (at == 0 || !is_word(plain.text[at - 1]));
    if (mentions && !in_span) quiet.text += kNonJoiner;
  }
  return quiet;
}

}  // namespace pullwire::republisher
