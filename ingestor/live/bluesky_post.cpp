#include "ingestor/live/bluesky_post.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/model/hashtag.hpp"
#include "common/model/post.hpp"
#include "ingestor/live/answer_json.hpp"

namespace pullwire::ingestor {
namespace {

using nlohmann::json;

constexpr std::string_view kLink = "app.bsky.richtext.facet#link";
constexpr std::string_view kTag = "app.bsky.richtext.facet#tag";

struct Link {
  std::size_t begin;  // in bytes of the text
  std::size_t end;
  std::string uri;
};

bool is_boundary(std::string_view text, std::size_t at) {
  return at == text.size() || (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U;
}

/// Its links that lie within the text, in order, without those that overlap one before.
std::vector<Link> links_of(const json& record, std::string_view text) {
  std::vector<Link> links;
  for (const json& facet : array_at(record, {"facets"})) {
    const json& begin = value_at(facet, {"index", "byteStart"});
    const json& end = value_at(facet, {"index", "byteEnd"});
    if (!begin.is_number_unsigned() || !end.is_number_unsigned()) continue;
    Link link{begin.get<std::size_t>(), end.get<std::size_t>(), {}};
    if (link.begin >= link.end || link.end > text.size() || !is_boundary(text, link.begin) ||
        !is_boundary(text, link.end)) {
      continue;
    }
    for (const json& feature : array_at(facet, {"features"})) {
      if (text_at(feature, {"$type"}) == kLink) link.uri = text_at(feature, {"uri"});
    }
    if (!link.uri.empty()) links.push_back(std::move(link));
  }
  std::sort(links.begin(), links.end(),
            [](const Link& a, const Link& b) { return a.begin < b.begin; });
  std::vector<Link> apart;
  for (Link& link : links) {
    if (apart.empty() || apart.back().end <= link.begin) apart.push_back(std::move(link));
  }
  return apart;
}

/// What stands for a link: "example.com/ne..." is the link, shortened; anything else is a name.
std::string written_out(std::string_view label, const std::string& uri) {
  std::string_view start = label;
  for (const std::string_view dots : {"...", "…"}) {
    if (start.ends_with(dots)) start.remove_suffix(dots.size());
  }
  if (uri.find(start) != std::string::npos) return uri;
  return std::string{label} + " (" + uri + ")";
}

std::string text_with_links(const json& record, const std::string& text) {
  std::string result;
  std::size_t at = 0;
  for (const Link& link : links_of(record, text)) {
    result.append(text, at, link.begin - at);
    result +=
        written_out(std::string_view{text}.substr(link.begin, link.end - link.begin), link.uri);
    at = link.end;
  }
  return result.append(text, at);
}

/// Those of facets, record and text, each once.
void add_hashtags(const json& record, FoundPost& post) {
  std::set<std::string> known;
  const auto add = [&](std::string tag) {
    if (tag.empty() || tag.size() > PostLimits::kFieldBytes ||
        post.hashtags.size() == PostLimits::kHashtags) {
      return;
    }
    if (known.insert(fold_hashtag(tag)).second) post.hashtags.push_back(std::move(tag));
  };
  for (const json& facet : array_at(record, {"facets"})) {
    for (const json& feature : array_at(facet, {"features"})) {
      if (text_at(feature, {"$type"}) == kTag) add(text_at(feature, {"tag"}));
    }
  }
  for (const json& tag : array_at(record, {"tags"})) add(text_of(tag));
  std::vector<std::string_view> in_text;
  collect_hashtags(post.text, in_text);
  for (const std::string_view tag : in_text) add(std::string{tag});
}

void add_embedded(const json& embed, FoundPost& post) {
  const std::string type = text_at(embed, {"$type"});
  if (type == "app.bsky.embed.images#view") {
    for (const json& image : array_at(embed, {"images"})) {
      std::string url = text_at(image, {"fullsize"});
      if (!url.empty()) {
        post.media.push_back(
            {.type = "image", .url = std::move(url), .alt = text_at(image, {"alt"})});
      }
    }
  } else if (type == "app.bsky.embed.video#view") {
    std::string url = text_at(embed, {"playlist"});
    if (!url.empty()) {
      post.media.push_back(
          {.type = "video", .url = std::move(url), .alt = text_at(embed, {"alt"})});
    }
  } else if (type == "app.bsky.embed.external#view") {  // a card, often instead of a link
    const std::string uri = text_at(embed, {"external", "uri"});
    if (!uri.empty() && post.text.find(uri) == std::string::npos) {
      post.text += (post.text.empty() ? "" : "\n\n") + uri;
    }
  } else if (type == "app.bsky.embed.recordWithMedia#view") {
    const json& media = value_at(embed, {"media"});
    if (text_at(media, {"$type"}) != type) add_embedded(media, post);
  }
}

}  // namespace

FoundPost read_bluesky_post(const json& view) {
  FoundPost post;
  post.id = text_at(view, {"uri"});
  post.author = text_at(view, {"author", "handle"});
  post.author_name = text_at(view, {"author", "displayName"});
  const json& record = value_at(view, {"record"});
  const auto claimed = parse_rfc3339(text_at(record, {"createdAt"}));
  const auto indexed = parse_rfc3339(text_at(view, {"indexedAt"}));
  post.created_at = claimed && indexed ? std::min(claimed, indexed) : claimed;
  const json& langs = array_at(record, {"langs"});
  if (!langs.empty()) post.lang = text_of(langs.front());
  const std::string key = post.id.substr(post.id.rfind('/') + 1);
  if (!post.author.empty() && !key.empty()) {
    post.url = "https://bsky.app/profile/" + post.author + "/post/" + key;
  }
  // The facets count the bytes of the text as it is, so it is cleaned afterwards.
  const json& text = value_at(record, {"text"});
  if (text.is_string()) post.text = text_with_links(record, text.get<std::string>());
  post.text = without_controls(std::move(post.text));
  add_hashtags(record, post);
  add_embedded(value_at(view, {"embed"}), post);
  post.reply = value_at(record, {"reply"}).is_object();
  return post;
}

std::optional<Timestamp> bluesky_listed_at(const json& view) {
  const auto claimed = parse_rfc3339(text_at(view, {"record", "createdAt"}));
  const auto indexed = parse_rfc3339(text_at(view, {"indexedAt"}));
  if (claimed && indexed) return std::min(*claimed, *indexed);
  return indexed ? indexed : claimed;
}

}  // namespace pullwire::ingestor
