#include "republisher/render/pdf_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include <glib.h>
#include <utf8proc.h>

namespace pullwire::republisher {
namespace {

constexpr gunichar kReplacement = 0xFFFD;
constexpr std::string_view kRightToLeftMark = "\u200F";
constexpr std::size_t kNewlines = 3;  // in a row: two blank lines

/// Takes the first character off `text`, which is not empty.
gunichar take_char(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) {
    text.remove_prefix(1);
    return first;
  }
  const gunichar c = g_utf8_get_char_validated(
      text.data(), static_cast<gssize>(std::min<std::size_t>(text.size(), 6)));
  if (c > 0x10FFFF) {  // malformed or cut off
    text.remove_prefix(1);
    return kReplacement;
  }
  text.remove_prefix(static_cast<std::size_t>(g_unichar_to_utf8(c, nullptr)));
  return (c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF) ? kReplacement : c;
}

void append(std::string& to, gunichar c) {
  if (c < 0x80) {
    to.push_back(static_cast<char>(c));
    return;
  }
  std::array<char, 6> bytes{};
  to.append(bytes.data(), static_cast<std::size_t>(g_unichar_to_utf8(c, bytes.data())));
}

bool is_line_end(gunichar c) {
  return (c >= 0x0A && c <= 0x0D) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

/// Controls of C0 and C1, byte order marks, interlinear annotation.
bool is_dropped(gunichar c) {
  return (c < 0x20 && c != '\t') || (c >= 0x7F && c < 0xA0) || c == 0xFEFF ||
         (c >= 0xFFF9 && c <= 0xFFFB);
}

bool is_bidi_control(gunichar c) {
  return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

gunichar without_override(gunichar c) {
  if (c == 0x202D) return 0x202A;
  if (c == 0x202E) return 0x202B;
  return c;
}

bool starts_with_scheme(std::string_view text) {
  const auto starts = [&](std::string_view scheme) {
    return text.size() > scheme.size() &&
           g_ascii_strncasecmp(text.data(), scheme.data(), scheme.size()) == 0;
  };
  return starts("http://") || starts("https://");
}

/// Whether `token` says nothing about the direction of what follows.
bool is_preamble(std::string_view token) {
  return token == "RT" || token.front() == '@' || token.front() == '#' || starts_with_scheme(token);
}

bool needs_mark(std::string_view paragraph) {
  std::string_view rest = paragraph;
  while (true) {
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    const std::string_view token = rest.substr(0, rest.find_first_of(" \t"));
    if (token.empty() || !is_preamble(token)) break;
    rest.remove_prefix(token.size());
  }
  return rest.size() < paragraph.size() && first_direction(rest) == Direction::RightToLeft &&
         first_direction(paragraph) != Direction::RightToLeft;
}

void append_percent(std::string& to, unsigned char byte) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  to.push_back('%');
  to.push_back(digits[byte >> 4]);
  to.push_back(digits[byte & 15]);
}

}  // namespace

std::string clean_text(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  std::size_t newlines = 0;
  while (!text.empty()) {
    gunichar c = take_char(text);
    if (is_line_end(c)) {
      if (c == '\r' && text.starts_with('\n')) text.remove_prefix(1);
      if (++newlines <= kNewlines) clean.push_back('\n');
      continue;
    }
    if (is_dropped(c)) continue;
    newlines = 0;
    append(clean, without_override(c));
  }
  clean.erase(std::min(clean.find_last_not_of(" \t\n") + 1, clean.size()));
  clean.erase(0, std::min(clean.find_first_not_of('\n'), clean.size()));
  return clean;
}

std::string clean_line(std::string_view text) {
  std::string clean;
  while (!text.empty()) {
    const gunichar c = take_char(text);
    const bool blank = is_line_end(c) || c == '\t' || c == ' ';
    if (blank ? clean.empty() || clean.back() == ' ' : is_dropped(c) || is_bidi_control(c))
      continue;
    append(clean, blank ? ' ' : c);
  }
  if (clean.ends_with(' ')) clean.pop_back();
  return clean;
}

Direction first_direction(std::string_view text) {
  int depth = 0;
  while (!text.empty()) {
    switch (utf8proc_get_property(static_cast<utf8proc_int32_t>(take_char(text)))->bidi_class) {
      case UTF8PROC_BIDI_CLASS_L:
        if (depth == 0) return Direction::LeftToRight;
        break;
      case UTF8PROC_BIDI_CLASS_R:
      case UTF8PROC_BIDI_CLASS_AL:
        if (depth == 0) return Direction::RightToLeft;
        break;
      case UTF8PROC_BIDI_CLASS_LRI:
      case UTF8PROC_BIDI_CLASS_RLI:
      case UTF8PROC_BIDI_CLASS_FSI: ++depth; break;
      case UTF8PROC_BIDI_CLASS_PDI: depth = std::max(depth - 1, 0); break;
      default: break;
    }
  }
  return Direction::None;
}

std::string mark_directions(std::string text) {
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = std::min(text.find('\n', begin), text.size());
    if (needs_mark(std::string_view{text}.substr(begin, end - begin))) {
      text.insert(begin, kRightToLeftMark);
      end += kRightToLeftMark.size();
    }
    begin = end + 1;
  }
  return text;
}

std::optional<std::string> link_uri(std::string_view url) {
  if (url.size() > PostLimits::kFieldBytes || !starts_with_scheme(url)) return std::nullopt;
  const std::size_t host = url.find("//") + 2;
  if (std::string_view{"/?#:@"}.find(url[host]) != std::string_view::npos) return std::nullopt;
  std::string uri;
  for (const char c : url) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte >= 0x7F ||
        std::string_view{"\"'<>\\^`{|}"}.find(c) != std::string_view::npos)
      append_percent(uri, byte);
    else
      uri.push_back(c);
  }
  return uri;
}

std::optional<std::string> hashtag_uri(const Post& post, std::string_view tag) {
  for (const std::string_view sign : {"#", "＃"})
    if (tag.starts_with(sign)) tag.remove_prefix(sign.size());
  std::string name;
  for (const char c : tag) {
    if (g_ascii_isalnum(c) || c == '_')
      name.push_back(c);
    else
      append_percent(name, static_cast<unsigned char>(c));
  }

  constexpr std::string_view kMastodon = "mastodon/";
  if (post.source.starts_with(kMastodon)) {
    const std::string_view host = post.source.substr(kMastodon.size());
    const bool plain = !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
      return g_ascii_isalnum(c) || c == '.' || c == '-' || c == ':';
    });
    if (plain) return link_uri("https://" + std::string{host} + "/tags/" + name);
  }
  for (const std::string_view known :
       {"https://x.com/", "https://twitter.com/", "https://bsky.app/"})
    if (post.url.starts_with(known)) return std::string{known} + "hashtag/" + name;
  return std::nullopt;
}

}  // namespace pullwire::republisher
