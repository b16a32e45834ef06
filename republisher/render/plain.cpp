#include "republisher/render/plain.hpp"

#include <cstdint>

#include <utf8proc.h>

namespace pullwire::republisher {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";
constexpr std::size_t kNameBytes = 200;
constexpr std::size_t kClusterBytes = 256;  // how far cut() goes back for the start of a cluster

struct Decoded {
  utf8proc_int32_t code;  ///< negative: these bytes are no UTF-8
  std::size_t size;
};

Decoded decode(std::string_view text) {
  if (static_cast<unsigned char>(text.front()) < 0x80) return {text.front(), 1};
  utf8proc_int32_t code = -1;
  const auto size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                     static_cast<utf8proc_ssize_t>(text.size()), &code);
  if (size <= 0) return {-1, 1};
  return {code, static_cast<std::size_t>(size)};
}

bool is_noncharacter(utf8proc_int32_t code) {
  return (code >= 0xFDD0 && code <= 0xFDEF) || (code & 0xFFFE) == 0xFFFE;
}

bool reorders(utf8proc_int32_t code) {
  return (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

bool is_plain_ascii(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte < 0x7F) || c == '\n' || c == '\t';
}

/// How much of the front is plain ASCII. Most text is, all of it: whole blocks are looked at
/// without a branch for each byte.
std::size_t plain_ascii_run(std::string_view text) {
  constexpr std::size_t kBlock = 32;
  std::size_t run = 0;
  while (text.size() - run >= kBlock) {
    int special = 0;
    for (std::size_t i = 0; i < kBlock; ++i) special |= is_plain_ascii(text[run + i]) ? 0 : 1;
    if (special != 0) break;
    run += kBlock;
  }
  while (run < text.size() && is_plain_ascii(text[run])) ++run;
  return run;
}

/// Whether `text` is one line already: printable ASCII with single spaces between words.
bool is_plain_line(std::string_view text) {
  char before = ' ';
  for (const char c : text) {
    if (c < ' ' || c > '~' || (c == ' ' && before == ' ')) return false;
    before = c;
  }
  return text.empty() || before != ' ';
}

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

/// Appends the one character at the front of `text` and returns its size.
std::size_t append_special(std::string& out, std::string_view text) {
  if (text.front() == '\r') {
    if (text.size() < 2 || text[1] != '\n') out += '\n';
    return 1;
  }
  const Decoded character = decode(text);
  if (character.code < 0 || is_noncharacter(character.code)) {
    out += kReplacement;
  } else if (character.code == 0x2028 || character.code == 0x2029) {
    out += '\n';
  } else if (character.code >= 0xA0) {
    out += text.substr(0, character.size);
  }
  return character.size;
}

}  // namespace

void append_clean(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t run = plain_ascii_run(text);
    out += text.substr(0, run);
    text.remove_prefix(run);
    if (!text.empty()) text.remove_prefix(append_special(out, text));
  }
}

std::string clean(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  append_clean(out, text);
  return out;
}

std::string_view cut(std::string_view clean_text, std::size_t max_bytes) {
  if (clean_text.size() <= max_bytes) return clean_text;
  // Between two ASCII characters, none of them CR, there is always a break.
  std::size_t end = max_bytes;
  const std::size_t least = max_bytes > kClusterBytes ? max_bytes - kClusterBytes : 0;
  while (end > least && !(is_plain_ascii(clean_text[end]) && is_plain_ascii(clean_text[end - 1]))) {
    --end;
  }
  while (end > 0 && is_continuation(clean_text[end])) --end;

  std::size_t cluster_end = end;
  utf8proc_int32_t state = 0;
  utf8proc_int32_t previous = 0;
  // One character past the bound is looked at, to know whether the bound lies between clusters.
  for (bool first = true; end < clean_text.size(); first = false) {
    const Decoded character = decode(clean_text.substr(end));
    if (!first && utf8proc_grapheme_break_stateful(previous, character.code, &state)) {
      cluster_end = end;
    }
    if (end + character.size > max_bytes) break;
    end += character.size;
    previous = character.code;
  }
  return clean_text.substr(0, cluster_end > 0 ? cluster_end : end);
}

std::string one_line(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes && is_plain_line(text)) return std::string{text};
  // Beyond four times the bound nothing can be seen unless it is white space.
  const bool shortened = text.size() > 4 * max_bytes + 16;
  const std::string clean_text = clean(text.substr(0, 4 * max_bytes + 16));
  std::string line;
  line.reserve(clean_text.size());
  bool gap = false;
  for (std::string_view rest = clean_text; !rest.empty();) {
    if (is_plain_ascii(rest.front()) && rest.front() > ' ') {
      if (gap) line += ' ';
      gap = false;
      line += rest.front();
      rest.remove_prefix(1);
      continue;
    }
    const Decoded character = decode(rest);
    const auto category = utf8proc_category(character.code);
    if (character.code <= ' ' || category == UTF8PROC_CATEGORY_ZS) {
      gap = !line.empty();
    } else if (!reorders(character.code)) {
      if (gap) line += ' ';
      gap = false;
      line += rest.substr(0, character.size);
    }
    rest.remove_prefix(character.size);
  }
  if (!shortened && line.size() <= max_bytes) return line;
  line.resize(cut(line, max_bytes - kEllipsis.size()).size());
  while (!line.empty() && line.back() == ' ') line.pop_back();
  line += kEllipsis;
  return line;
}

std::string display_time(Timestamp time) {
  std::string text = to_text(time).substr(0, 16);
  text[10] = ' ';
  return text + " UTC";
}

std::string display_handle(std::string_view author) {
  std::string handle = one_line(author, kNameBytes);
  if (!handle.empty()) handle.insert(handle.begin(), '@');
  return handle;
}

std::string display_name(std::string_view author_name, std::string_view author,
                         std::string_view source) {
  std::string name = one_line(author_name, kNameBytes);
  if (name.empty()) name = display_handle(author);
  if (name.empty()) name = one_line(source, kNameBytes);
  return name;
}

}  // namespace pullwire::republisher
