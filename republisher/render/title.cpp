#include "republisher/render/title.hpp"

#include <algorithm>
#include <string_view>

#include <utf8proc.h>

#include "common/model/clipped.hpp"
#include "republisher/render/plain.hpp"
#include "republisher/render/segments.hpp"

namespace pullwire::republisher {
namespace {

constexpr std::size_t kGraphemes = 80;
constexpr std::size_t kBytes = 400;
constexpr std::size_t kLookedAt = 4096;     // bytes of the text
constexpr std::size_t kLeastSentence = 20;  // bytes; shorter ones are mostly abbreviations
constexpr std::string_view kEllipsis = "…";

/// Bytes of the first `most` graphemes.
std::size_t graphemes_size(std::string_view text, std::size_t most) {
  std::size_t at = 0;
  std::size_t count = 0;
  utf8proc_int32_t previous = -1;
  utf8proc_int32_t state = 0;
  while (at < text.size()) {
    utf8proc_int32_t code = -1;
    const auto size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at,
                                       static_cast<utf8proc_ssize_t>(text.size() - at), &code);
    if (size <= 0) break;
    if (previous < 0 || utf8proc_grapheme_break_stateful(previous, code, &state)) {
      if (++count > most) break;
    }
    previous = code;
    at += static_cast<std::size_t>(size);
  }
  return at;
}

/// Where the last whole sentence of `text` ends; 0 if none does.
std::size_t sentence_end(std::string_view text) {
  std::size_t end = 0;
  for (const std::string_view mark : {". ", "! ", "? ", "… "}) {
    const std::size_t at = text.rfind(mark);
    if (at != std::string_view::npos) end = std::max(end, at + mark.size() - 1);
  }
  for (const std::string_view mark : {"。", "！", "？", "।", "؟"}) {
    const std::size_t at = text.rfind(mark);
    if (at != std::string_view::npos) end = std::max(end, at + mark.size());
  }
  return end < kLeastSentence ? 0 : end;
}

std::string fitted(std::string_view line) {
  if (line.size() <= kBytes && graphemes_size(line, kGraphemes) == line.size()) {
    return std::string{line};
  }
  const std::string_view start =
      cut(line.substr(0, graphemes_size(line, kGraphemes - 1)), kBytes - kEllipsis.size());
  if (const std::size_t end = sentence_end(start); end > 0) {
    return std::string{start.substr(0, end)};
  }
  const std::size_t space = start.rfind(' ');
  const std::string_view words =
      line[start.size()] == ' ' || space == std::string_view::npos ? start : start.substr(0, space);
  return std::string{words}.append(kEllipsis);
}

bool has_word(std::string_view line) {
  return std::any_of(line.begin(), line.end(), [](char c) {
    const char lower = static_cast<char>(c | 0x20);
    return static_cast<unsigned char>(c) >= 0x80 || (lower >= 'a' && lower <= 'z') ||
           (c >= '0' && c <= '9');
  });
}

}  // namespace

std::string post_title(const Post& post) {
  const std::string text = clean(clipped(post.text, kLookedAt));
  for (const std::string_view line : split_lines(text)) {
    std::string words;
    for (const Segment& segment : split_segments(line)) {
      if (segment.kind != SegmentKind::Link) words.append(segment.text);
    }
    words = one_line(words, kLookedAt);
    if (has_word(words)) return fitted(words);
  }
  const std::string name = display_name(post.author_name, post.author, post.source);
  return name.empty() ? std::string{kEllipsis} : fitted(name);
}

}  // namespace pullwire::republisher
