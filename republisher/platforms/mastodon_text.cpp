#include "republisher/platforms/mastodon.hpp"

namespace pullwire::republisher {

FittedText status_text(const Post& post, std::string_view pattern, const TextLimits& limits) {
  constexpr std::string_view kNonJoiner = "\xE2\x80\x8C";  // U+200C: part of the grapheme before it
  const auto is_word = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  FittedText plain = fit_text(post, pattern, limits);
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
