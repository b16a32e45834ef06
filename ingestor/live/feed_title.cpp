#include "ingestor/live/feed_title.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "ingestor/live/feed_references.hpp"

namespace pullwire::ingestor {
namespace {

constexpr std::string_view kBlanks = " \t\n";

bool is_inline_tag(std::string_view name) {
  static constexpr auto kTags = std::to_array<std::string_view>(
      {"a",      "abbr",   "acronym", "b",    "bdi",  "bdo", "big", "br",   "cite",  "code",
       "del",    "dfn",    "div",     "em",   "font", "h1",  "h2",  "h3",   "h4",    "i",
       "img",    "ins",    "kbd",     "mark", "p",    "q",   "s",   "samp", "small", "span",
       "strike", "strong", "sub",     "sup",  "tt",   "u",   "var", "wbr"});
  return std::any_of(kTags.begin(), kTags.end(), [name](std::string_view tag) {
    return std::equal(name.begin(), name.end(), tag.begin(), tag.end(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a | 0x20 : a) == b; });
  });
}

/// Size of the tag at the front of `text`, which is a <; 0 if it is none that is known.
std::size_t tag_size(std::string_view text) {
  const std::size_t end = text.find_first_of("<>", 1);
  if (end == std::string_view::npos || text[end] == '<') return 0;
  const std::size_t begin = text.starts_with("</") ? 2 : 1;
  const auto inner = text.substr(begin, end - begin);
  return is_inline_tag(inner.substr(0, inner.find_first_of(" \t\n/"))) ? end + 1 : 0;
}

bool continues_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string without_tags(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t plain = std::min(text.find('<'), text.size());
    result.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    std::size_t size = tag_size(text);
    if (size == 0) {
      result += '<';
      size = 1;
    } else if (text.starts_with("<br") || text.starts_with("</p") || text.starts_with("</div")) {
      result += ' ';
    }
    text.remove_prefix(size);
  }
  return result;
}

}  // namespace

std::string plain_title(const FeedText& title) {
  if (title.kind == FeedText::Kind::Plain) return one_blank(title.value);
  std::string text;
  append_resolved(without_tags(title.value), text);
  return one_blank(text);
}

bool begins_with_title(std::string_view text, std::string_view title) {
  bool cut = false;
  for (const std::string_view mark : {"\xE2\x80\xA6", "[...]", "..."}) {
    if (cut || title.size() <= mark.size() || !title.ends_with(mark)) continue;
    title.remove_suffix(mark.size());
    cut = true;
  }
  while (true) {
    title.remove_prefix(std::min(title.find_first_not_of(kBlanks), title.size()));
    if (title.empty()) return cut || text.empty() || !continues_word(text.front());
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    const std::size_t size = std::min(title.find_first_of(kBlanks), title.size());
    if (!text.starts_with(title.substr(0, size))) return false;
    title.remove_prefix(size);
    text.remove_prefix(size);
    const bool at_blank = text.empty() || kBlanks.find(text.front()) != std::string_view::npos;
    if (!title.empty() && !at_blank) return false;
  }
}

}  // namespace pullwire::ingestor
