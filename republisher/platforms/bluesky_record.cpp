#include "republisher/platforms/bluesky_record.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "common/model/time.hpp"
#include "republisher/platforms/publication_key.hpp"
#include "republisher/render/fitted_text.hpp"
#include "republisher/render/segments.hpp"

namespace pullwire::republisher {
namespace {

using nlohmann::json;

constexpr std::size_t kBytes = 3000;
constexpr std::size_t kLinkCharacters = 30;
constexpr std::size_t kHostCharacters = 24;  // of a link
constexpr std::size_t kTagCharacters = 64;   // graphemes, so at least as many characters
constexpr std::size_t kTagBytes = 640;
constexpr std::size_t kLinkBytes = 8192;  // of the format uri
constexpr std::int64_t kTimeBits = 53;    // of a TID, in microseconds since 1970
constexpr std::int64_t kClockBits = 10;
constexpr std::int64_t kLatest = (std::int64_t{1} << kTimeBits) - 1;  // in the year 2255

std::string tid_of(std::uint64_t number) {
  constexpr std::string_view kDigits = "234567abcdefghijklmnopqrstuvwxyz";
  std::string tid(13, ' ');
  for (auto digit = tid.rbegin(); digit != tid.rend(); ++digit, number >>= 5U) {
    *digit = kDigits[number & 31U];
  }
  return tid;
}

/// Where the character begins that `at` is a byte of.
bool begins_character(std::string_view text, std::size_t at) {
  return (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U;
}

std::size_t characters(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) count += begins_character(text, i) ? 1U : 0U;
  return count;
}

std::string_view first_characters(std::string_view text, std::size_t most) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if (begins_character(text, at) && most-- == 0) break;
  }
  return text.substr(0, at);
}

/// A link as a reader sees it: "example.com/news/2026/no…", at most kLinkCharacters. Of a long
/// host the end is shown, which says whose it is; a user before it is not, which may pretend to
/// be one.
std::string shown_link(std::string_view url) {
  std::string_view rest = url.substr(url.find("://") + 3);
  std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
  const std::string_view path = rest.substr(host.size());
  if (const auto at = host.rfind('@'); at != std::string_view::npos && at + 1 < host.size()) {
    host.remove_prefix(at + 1);
  }
  std::string shown;
  if (const std::size_t count = characters(host); count > kHostCharacters) {
    const auto cut = first_characters(host, count - kHostCharacters + 1);
    shown.append("…").append(host.substr(cut.size()));
  } else {
    shown = host;
  }
  if (path == "/") return shown;
  const std::size_t room = kLinkCharacters - characters(shown);
  if (characters(path) <= room) return shown.append(path);
  return shown.append(first_characters(path, room - 1)).append("…");
}

/// Nothing where the lexicon does not allow it: then it is text alone.
std::optional<json> feature_of(const TextSpan& span) {
  if (span.kind == TextSpan::Kind::Link) {
    if (span.value.size() > kLinkBytes || !is_web_url(span.value)) return std::nullopt;
    return json{{"$type", "app.bsky.richtext.facet#link"}, {"uri", span.value}};
  }
  if (span.value.empty() || span.value.size() > kTagBytes ||
      characters(span.value) > kTagCharacters) {
    return std::nullopt;
  }
  return json{{"$type", "app.bsky.richtext.facet#tag"}, {"tag", span.value}};
}

bool is_of(std::string_view text, std::size_t least, std::size_t most, bool (*kind)(char)) {
  return text.size() >= least && text.size() <= most && std::all_of(text.begin(), text.end(), kind);
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Of a language tag what servers take for one: language, script and region. They refuse a post
/// whose tag is not well-formed (RFC 5646). "" if it does not begin with a language.
std::string language_of(std::string_view tag) {
  const auto next = [&tag] {
    const std::string_view part = tag.substr(0, tag.find('-'));
    tag.remove_prefix(std::min(tag.size(), part.size() + 1));
    return part;
  };
  std::string_view part = next();
  if (!is_of(part, 2, 3, is_letter)) return {};
  std::string language{part};
  part = next();
  if (is_of(part, 4, 4, is_letter)) {
    language.append(1, '-').append(part);
    part = next();
  }
  if (is_of(part, 2, 2, is_letter) || is_of(part, 3, 3, is_digit)) {
    language.append(1, '-').append(part);
  }
  return language;
}

struct RichText {
  std::string text;
  json facets = json::array();
};

RichText rich_text(const FittedText& fitted) {
  RichText rich;
  std::size_t at = 0;
  for (const TextSpan& span : fitted.spans) {
    rich.text.append(fitted.text, at, span.begin - at);
    at = span.end;
    const std::size_t begin = rich.text.size();
    auto feature = feature_of(span);
    const bool link = feature && span.kind == TextSpan::Kind::Link;
    rich.text +=
        link ? shown_link(span.value) : fitted.text.substr(span.begin, span.end - span.begin);
    if (!feature) continue;
    rich.facets.push_back({{"index", {{"byteStart", begin}, {"byteEnd", rich.text.size()}}},
                           {"features", json::array({std::move(*feature)})}});
  }
  rich.text.append(fitted.text, at);
  return rich;
}

}  // namespace

// Two posts with the same key would be one, so most of the key is hash. The time counts in steps
// of 2^32 microseconds (72 minutes), which leaves 42 bits to the hash: of 10,000 posts within the
// same step two have the same key with a chance of 1 in 90,000. The step before the post's, so
// that no key is of the future. A post without a time has 59 bits of hash and a key of the
// years 2005 to 2023: when it was ingested is another time when it is ingested again. Of a
// million such posts two have the same key with a chance of 1 in a million.
std::string bluesky_key(const Document& document, std::string_view target) {
  constexpr std::int64_t kStepBits = 32;
  constexpr std::int64_t kSteplessBits = 49;
  const std::uint64_t hash =
      std::stoull(publication_key(document, target).substr(0, 16), nullptr, 16);
  const auto& created_at = document.post->created_at;
  const auto low_bits = [&](std::int64_t bits) {
    return hash & ((std::uint64_t{1} << static_cast<unsigned>(bits)) - 1);
  };
  const std::int64_t step =
      created_at && created_at->micros <= kLatest ? (created_at->micros >> kStepBits) - 1 : -1;
  if (step < 0) {
    return tid_of(std::uint64_t{1} << (kSteplessBits + 1 + kClockBits) |
                  low_bits(kSteplessBits + kClockBits));
  }
  return tid_of(static_cast<std::uint64_t>(step) << (kStepBits + kClockBits) |
                low_bits(kStepBits + kClockBits));
}

FittedText bluesky_text(const Post& post, std::string_view pattern) {
  return fit_text(post, pattern,
                  {.graphemes = kBlueskyGraphemes, .bytes = kBytes, .link = kLinkCharacters});
}

json bluesky_record(const Post& post, std::string_view pattern) {
  RichText rich = rich_text(bluesky_text(post, pattern));
  const Timestamp claimed = post.created_at.value_or(post.ingested_at);
  const Timestamp created{std::clamp(claimed.micros, std::int64_t{0}, kLatest)};
  json record{{"$type", "app.bsky.feed.post"},
              {"text", std::move(rich.text)},
              {"createdAt", to_text(created).substr(0, 23) + "Z"}};  // milliseconds, as others
  if (!rich.facets.empty()) record["facets"] = std::move(rich.facets);
  const std::string language = language_of(post.lang);
  if (!language.empty()) record["langs"] = json::array({language});
  return record;
}

}  // namespace pullwire::republisher
