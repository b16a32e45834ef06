#include "common/ops/text.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include <fmt/format.h>
#include <utf8proc.h>

namespace pullwire {
namespace {

constexpr std::size_t kMaxQuoted = 200;
constexpr std::size_t kMaxCompared = 64;  // the distance below costs the product of the lengths

struct Character {
  std::int32_t code_point;  // negative: not UTF-8
  std::size_t bytes;        // at least 1
};

/// The character at the front of `text`, which is not empty.
Character first_character(std::string_view text) {
  const auto front = static_cast<unsigned char>(text.front());
  if (front < 0x80) return {front, 1};
  utf8proc_int32_t code_point = -1;
  const auto bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                      static_cast<utf8proc_ssize_t>(text.size()), &code_point);
  if (bytes <= 0) return {-1, 1};
  return {code_point, static_cast<std::size_t>(bytes)};
}

/// Moves the cursor, ends a line or turns the text around.
bool disturbs_line(std::int32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f || c == 0x2028 ||
         c == 0x2029 || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

void append_escape(std::string& out, std::int32_t c) {
  switch (c) {
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default: out += c < 0x80 ? fmt::format("\\x{:02x}", c) : fmt::format("\\u{:04x}", c);
  }
}

/// Levenshtein's distance: letters inserted, removed or replaced.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Character c = first_character(text);
    if (c.code_point < 0) return false;
    text.remove_prefix(c.bytes);
  }
  return true;
}

std::string shortened(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return std::string{text};
  std::size_t end = max_bytes;
  for (int i = 0; i < 3 && end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80; ++i) {
    --end;
  }
  return std::string{text.substr(0, end)} + "…";
}

std::string escaped(std::string_view text, std::string_view also) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character c = first_character(text);
    const std::string_view bytes = text.substr(0, c.bytes);
    text.remove_prefix(c.bytes);
    if (c.code_point < 0) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}",
                     static_cast<unsigned>(static_cast<unsigned char>(bytes.front())));
    } else if (disturbs_line(c.code_point)) {
      append_escape(out, c.code_point);
    } else {
      if (c.bytes == 1 && also.find(bytes.front()) != std::string_view::npos) out += '\\';
      out += bytes;
    }
  }
  return out;
}

std::string in_quotes(std::string_view text) {
  return '"' + escaped(shortened(text, kMaxQuoted), "\"\\") + '"';
}

std::string did_you_mean(std::string_view word, std::span<const std::string> known) {
  if (word.size() > kMaxCompared) return {};
  const std::string* best = nullptr;
  std::size_t least = 0;
  for (const std::string& candidate : known) {
    const std::size_t letters = distance(word, candidate);
    if (letters * 3 > candidate.size()) continue;
    if (best == nullptr || letters < least) {
      best = &candidate;
      least = letters;
    }
  }
  return best == nullptr ? std::string{} : ", did you mean " + *best + "?";
}

void hide_secrets(std::span<const std::string> secrets, std::string& said) {
  constexpr std::string_view kHidden = "***";
  constexpr std::string_view kCut = "…";
  constexpr std::size_t kLeastCut = 4;
  for (const std::string& secret : secrets) {
    if (secret.empty()) continue;
    for (std::size_t at = said.find(secret); at != std::string::npos;
         at = said.find(secret, at + kHidden.size())) {
      said.replace(at, secret.size(), kHidden);
    }
    if (!said.ends_with(kCut)) continue;
    const std::string_view words = std::string_view{said}.substr(0, said.size() - kCut.size());
    for (std::size_t size = secret.size() - 1; size >= kLeastCut; --size) {
      if (!words.ends_with(std::string_view{secret}.substr(0, size))) continue;
      said.replace(words.size() - size, size, kHidden);
      break;
    }
  }
}

}  // namespace pullwire
