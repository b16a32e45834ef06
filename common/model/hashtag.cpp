#include "common/model/hashtag.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include <utf8proc.h>

#include "common/model/mapped_text.hpp"

namespace pullwire {
namespace {

constexpr std::string_view kFullwidthHash = "\xEF\xBC\x83";

enum class Kind { Letter, Joined, Other };  // Joined: in a tag, but no letter

struct CodePoint {
  utf8proc_int32_t value;
  std::size_t size;
};

/// The code point at the front of `text`; nothing if there is no valid one.
std::optional<CodePoint> decode(std::string_view text) {
  utf8proc_int32_t value = 0;
  const auto size = utf8proc_iterate(
      reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
      static_cast<utf8proc_ssize_t>(std::min<std::size_t>(text.size(), 4)), &value);
  if (size <= 0) return std::nullopt;
  return CodePoint{value, static_cast<std::size_t>(size)};
}

Kind kind_of(utf8proc_int32_t code_point) {
  switch (utf8proc_category(code_point)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO: return Kind::Letter;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND: return Kind::Joined;
    default: return code_point == '_' ? Kind::Joined : Kind::Other;
  }
}

/// The code point that ends right before `end`; nothing if there is no valid one.
std::optional<utf8proc_int32_t> code_point_before(std::string_view text, std::size_t end) {
  for (std::size_t size = 1; size <= std::min<std::size_t>(end, 4); ++size) {
    const auto byte = static_cast<unsigned char>(text[end - size]);
    if ((byte & 0xC0) == 0x80) continue;
    const auto code_point = decode(text.substr(end - size, size));
    if (!code_point || code_point->size != size) return std::nullopt;
    return code_point->value;
  }
  return std::nullopt;
}

bool may_begin(std::string_view text, std::size_t at) {
  const auto before = code_point_before(text, at);
  return !before || (*before != '&' && *before != '/' && kind_of(*before) == Kind::Other);
}

/// Length of the tag that begins at `begin`, right behind the #; 0 if there is none.
std::size_t tag_size(std::string_view text, std::size_t begin) {
  bool letter = false;
  std::size_t end = begin;
  while (end < text.size()) {
    const auto code_point = decode(text.substr(end));
    if (!code_point) break;
    const Kind kind = kind_of(code_point->value);
    if (kind == Kind::Other) break;
    letter = letter || kind == Kind::Letter;
    end += code_point->size;
  }
  return letter ? end - begin : 0;
}

/// Calls `use(HashtagSpan)` for each hashtag of `text`, in order.
template <typename Use>
void for_each_hashtag(std::string_view text, Use use) {
  std::size_t hash = text.find('#');
  std::size_t wide = text.find(kFullwidthHash);
  while (hash != std::string_view::npos || wide != std::string_view::npos) {
    const std::size_t begin = std::min(hash, wide);
    std::size_t end = begin + (begin == hash ? 1 : kFullwidthHash.size());
    if (may_begin(text, begin)) {
      if (const std::size_t size = tag_size(text, end); size > 0) {
        use(HashtagSpan{begin, end + size - begin, text.substr(end, size)});
        end += size;
      }
    }
    if (hash < end) hash = text.find('#', end);
    if (wide < end) wide = text.find(kFullwidthHash, end);
  }
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

std::vector<HashtagSpan> find_hashtags(std::string_view text) {
  std::vector<HashtagSpan> found;
  for_each_hashtag(text, [&](const HashtagSpan& span) { found.push_back(span); });
  return found;
}

void collect_hashtags(std::string_view text, std::vector<std::string_view>& tags) {
  std::unordered_set<std::string> known;  // folded; filled from the second tag on
  for_each_hashtag(text, [&](const HashtagSpan& span) {
    if (span.tag.size() > PostLimits::kFieldBytes || tags.size() >= PostLimits::kHashtags) return;
    if (!tags.empty()) {
      if (known.empty()) known.insert(fold_hashtag(tags.front()));
      if (!known.insert(fold_hashtag(span.tag)).second) return;
    }
    tags.push_back(span.tag);
  });
}

std::string fold_hashtag(std::string_view tag) {
  if (is_ascii(tag)) {
    std::string folded{tag};
    for (char& c : folded) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return folded;
  }
  constexpr int kNfkc = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT;
  const auto normal = map_text(tag, kNfkc);
  if (!normal) return std::string{tag};
  return map_text(*normal, kNfkc | UTF8PROC_CASEFOLD).value_or(*normal);
}

std::string hashtag_of(std::string_view phrase) {
  std::string tag;
  bool letter = false;
  while (!phrase.empty()) {
    const auto code_point = decode(phrase);
    const Kind kind = code_point ? kind_of(code_point->value) : Kind::Other;
    const std::size_t size = code_point ? code_point->size : 1;
    if (kind != Kind::Other) tag.append(phrase.substr(0, size));
    letter = letter || kind == Kind::Letter;
    phrase.remove_prefix(size);
  }
  return letter ? tag : std::string{};
}

std::string_view bare_hashtag(std::string_view written) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = written.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  written = written.substr(begin, written.find_last_not_of(kBlanks) + 1 - begin);
  if (written.starts_with('#')) {
    written.remove_prefix(1);
  } else if (written.starts_with(kFullwidthHash)) {
    written.remove_prefix(kFullwidthHash.size());
  }
  return written;
}

HashtagFilter::HashtagFilter(std::span<const std::string> wanted) {
  for (const std::string& written : wanted) {
    const std::string_view tag = bare_hashtag(written);
    if (tag.empty()) throw std::invalid_argument{"hashtags: '" + written + "' names no hashtag"};
    wanted_.insert(fold_hashtag(tag));
  }
}

bool HashtagFilter::matches(const Post& post) const {
  if (wanted_.empty()) return true;
  return std::any_of(post.hashtags.begin(), post.hashtags.end(),
                     [this](std::string_view tag) { return wanted_.contains(fold_hashtag(tag)); });
}

}  // namespace pullwire
