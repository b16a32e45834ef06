#include "republisher/render/segments.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>

#include <utf8proc.h>

#include "common/model/hashtag.hpp"

namespace pullwire::republisher {
namespace {

constexpr std::size_t kLinkBytes = 2048;
constexpr std::size_t kLanguageBytes = 35;  // RFC 5646, 4.4.1

struct Character {
  utf8proc_int32_t code;
  std::size_t size;
};

Character character_at(std::string_view text, std::size_t at) {
  if (static_cast<unsigned char>(text[at]) < 0x80) return {text[at], 1};
  utf8proc_int32_t code = -1;
  const auto size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at,
                                     static_cast<utf8proc_ssize_t>(text.size() - at), &code);
  return size > 0 ? Character{code, static_cast<std::size_t>(size)} : Character{-1, 1};
}

bool is_ascii_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool starts_with_ignoring_case(std::string_view text, std::string_view lower_case) {
  if (text.size() < lower_case.size()) return false;
  for (std::size_t i = 0; i < lower_case.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
    if (c != lower_case[i]) return false;
  }
  return true;
}

/// Bytes of "http://" or "https://" at the front, or 0.
std::size_t scheme_size(std::string_view text) {
  if (starts_with_ignoring_case(text, "https://")) return 8;
  if (starts_with_ignoring_case(text, "http://")) return 7;
  return 0;
}

/// RFC 3986's characters, and of the others those that RFC 3987 lets in and no
/// reader would take for the text's own punctuation.
bool may_be_in_url(utf8proc_int32_t code, bool within_text) {
  if (code < 0x80) {
    return code > 0 && (is_ascii_alnum(static_cast<char>(code)) ||
                        std::string_view("-._~:/?#[]@!$&'()*+,;=%").find(static_cast<char>(code)) !=
                            std::string_view::npos);
  }
  switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return false;
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO: return !within_text;
    default: return code != 0xFFFD;
  }
}

std::size_t url_extent(std::string_view text, bool within_text) {
  std::size_t end = 0;
  while (end < text.size()) {
    const Character next = character_at(text, end);
    if (!may_be_in_url(next.code, within_text)) break;
    end += next.size;
  }
  return end;
}

bool begins_host(std::string_view rest) {
  if (rest.empty()) return false;
  const char c = rest.front();
  return is_ascii_alnum(c) || c == '[' || static_cast<unsigned char>(c) >= 0x80;
}

std::string_view without_trailing_punctuation(std::string_view url) {
  const auto surplus = [&](char opening, char closing) {
    return std::count(url.begin(), url.end(), closing) -
           std::count(url.begin(), url.end(), opening);
  };
  auto round_surplus = surplus('(', ')');
  auto square_surplus = surplus('[', ']');
  while (!url.empty()) {
    const char last = url.back();
    if (last == ')' || last == ']') {
      auto& left = last == ')' ? round_surplus : square_surplus;
      if (left-- <= 0) break;
    } else if (std::string_view(".,:;!?'*_~").find(last) == std::string_view::npos) {
      break;
    }
    url.remove_suffix(1);
  }
  return url;
}

/// Where the scheme of "http://" or "https://" begins, given its colon; nothing before `from`.
std::optional<std::size_t> scheme_begin(std::string_view text, std::size_t from,
                                        std::size_t colon) {
  for (const std::size_t length : {std::size_t{4}, std::size_t{5}}) {
    if (colon < from + length) break;
    const std::size_t begin = colon - length;
    if (scheme_size(text.substr(begin)) != length + 3) continue;
    if (begin > 0 && is_ascii_alnum(text[begin - 1])) continue;
    if (begins_host(text.substr(colon + 3))) return begin;
  }
  return std::nullopt;
}

/// The first link at or after `from`.
std::optional<std::string_view> find_link(std::string_view text, std::size_t from) {
  std::size_t colon = text.find("://", from);
  for (; colon != std::string_view::npos; colon = text.find("://", from)) {
    const std::size_t scheme_end = colon + 3;
    const auto begin = scheme_begin(text, from, colon);
    from = scheme_end;
    if (!begin) continue;
    const std::string_view rest = text.substr(*begin);
    const std::size_t extent = url_extent(rest.substr(0, kLinkBytes + 4), true);
    if (extent <= kLinkBytes) {
      const auto url = without_trailing_punctuation(rest.substr(0, extent));
      if (*begin + url.size() > scheme_end) return url;
    }
    // Not looked at again, or a run of schemes would cost the square of its length.
    from = std::max(from, *begin + extent);
  }
  return std::nullopt;
}

}  // namespace

std::vector<Segment> split_segments(std::string_view text) {
  std::vector<Segment> segments;
  std::size_t done = 0;
  const auto add = [&](SegmentKind kind, std::size_t begin, std::size_t size) {
    if (begin > done) segments.push_back({SegmentKind::Text, text.substr(done, begin - done)});
    if (size > 0) segments.push_back({kind, text.substr(begin, size)});
    done = begin + size;
  };
  const auto hashtags = find_hashtags(text);
  auto hashtag = hashtags.begin();
  const auto add_hashtags_before = [&](std::size_t end) {
    for (; hashtag != hashtags.end() && hashtag->begin < end; ++hashtag) {
      const bool overlaps = hashtag->begin < done || hashtag->begin + hashtag->size > end;
      if (!overlaps) add(SegmentKind::Hashtag, hashtag->begin, hashtag->size);
    }
  };
  while (const auto link = find_link(text, done)) {
    const auto begin = static_cast<std::size_t>(link->data() - text.data());
    add_hashtags_before(begin);
    add(SegmentKind::Link, begin, link->size());
  }
  add_hashtags_before(text.size());
  add(SegmentKind::Text, text.size(), 0);
  return segments;
}

bool is_web_url(std::string_view url) {
  const std::size_t scheme = scheme_size(url);
  return scheme > 0 && begins_host(url.substr(scheme)) && url_extent(url, false) == url.size();
}

bool is_language_tag(std::string_view lang) {
  if (lang.empty() || lang.size() > kLanguageBytes || lang.front() == '-' || lang.back() == '-') {
    return false;
  }
  return std::all_of(lang.begin(), lang.end(),
                     [](char c) { return is_ascii_alnum(c) || c == '-'; });
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

}  // namespace pullwire::republisher
