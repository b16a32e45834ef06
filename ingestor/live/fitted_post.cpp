#include "ingestor/live/fitted_post.hpp"

#include <algorithm>

#include "common/model/clipped.hpp"
#include "ingestor/seen_posts.hpp"

namespace pullwire::ingestor {
namespace {

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

std::string hex(const SeenKey& key) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : key) text.append({kDigits[byte >> 4U], kDigits[byte & 15U]});
  return text;
}

std::string_view name(std::string_view text) {
  return clipped(text, PostLimits::kFieldBytes);
}

/// What would be of no use if it were cut.
std::string_view whole(std::string_view text) {
  return text.size() <= PostLimits::kFieldBytes ? text : std::string_view{};
}

}  // namespace

std::string live_post_id(const std::string& source, const std::string& id) {
  if (source.size() + 1 + id.size() <= PostLimits::kIdBytes && !has_control(id)) {
    return source + ':' + id;
  }
  return source + ':' + hex(seen_key(id));
}

FittedPost::FittedPost(const std::string& source, const FoundPost& found, Timestamp ingested_at)
    : post_id_{live_post_id(source, found.id)} {
  post_.post_id = post_id_;
  post_.source = source;
  post_.author = name(found.author);
  post_.author_name = name(found.author_name);
  post_.created_at = found.created_at;
  post_.lang = whole(found.lang);
  post_.url = whole(found.url);
  post_.text = found.text;
  post_.ingested_at = ingested_at;
  for (const std::string& hashtag : found.hashtags) {
    if (post_.hashtags.size() == PostLimits::kHashtags) break;
    if (!whole(hashtag).empty()) post_.hashtags.push_back(hashtag);
  }
  for (const FoundMedia& media : found.media) {
    if (post_.media.size() == PostLimits::kMedia) break;
    if (whole(media.url).empty()) continue;
    post_.media.push_back({.type = whole(media.type), .url = media.url, .alt = name(media.alt)});
  }
  if (post_.text.size() > PostLimits::kTextBytes) {
    refused_ = "too large: text of " + std::to_string(post_.text.size()) + " bytes, at most " +
               std::to_string(PostLimits::kTextBytes);
    post_.text = clipped(post_.text, PostLimits::kTextBytes);
    post_.refused = refused_;
  } else if (found.html.size() <= PostLimits::kHtmlBytes) {
    post_.html = found.html;
  }
}

}  // namespace pullwire::ingestor
