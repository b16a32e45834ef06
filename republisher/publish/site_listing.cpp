#include "republisher/publish/site_listing.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "republisher/render/plain.hpp"
#include "republisher/render/segments.hpp"

namespace pullwire::republisher {
namespace {

using Json = nlohmann::ordered_json;

std::string shortened(std::string_view text) {
  // Cleaning drops characters: four times as many leave enough for any text worth reading.
  const std::string whole = clean(text.substr(0, 4 * Listing::kTextBytes));
  if (whole.size() <= Listing::kTextBytes) return whole;
  std::string_view start = cut(whole, Listing::kTextBytes);
  const auto segments = split_segments(start);
  // Half a link leads nowhere.
  if (!segments.empty() && segments.back().kind == SegmentKind::Link) {
    start.remove_suffix(segments.back().text.size());
  }
  return std::string(start) + "\xE2\x80\xA6";
}

std::string text_of(const Json& details, const char* name) {
  const auto field = details.find(name);
  return field != details.end() && field->is_string() ? field->get<std::string>() : std::string{};
}

}  // namespace

std::string to_details(const Post& post, Timestamp listed_at) {
  Json details = Json::object();
  const auto add = [&](const char* name, std::string value) {
    if (!value.empty()) details[name] = std::move(value);
  };
  add("source", one_line(post.source, Listing::kNameBytes));
  add("author", one_line(post.author, Listing::kNameBytes));
  add("author_name", one_line(post.author_name, Listing::kNameBytes));
  if (post.created_at) add("created_at", to_text(*post.created_at));
  add("listed_at", to_text(listed_at));
  if (is_language_tag(post.lang)) add("lang", std::string(post.lang));
  if (post.url.size() <= Listing::kUrlBytes && is_web_url(post.url)) {
    add("url", std::string(post.url));
  }
  add("text", shortened(post.text));
  Json hashtags = Json::array();
  for (const std::string_view hashtag : post.hashtags) {
    if (hashtags.size() == Listing::kHashtags) break;
    if (auto tag = one_line(hashtag, Listing::kHashtagBytes); !tag.empty()) {
      hashtags.push_back(std::move(tag));
    }
  }
  if (!hashtags.empty()) details["hashtags"] = std::move(hashtags);
  return details.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Listing from_details(std::string_view key, std::string_view details) {
  const Json json = Json::parse(details, nullptr, false);
  Listing listing;
  listing.key = key;
  if (!json.is_object()) return listing;
  listing.source = text_of(json, "source");
  listing.author = text_of(json, "author");
  listing.author_name = text_of(json, "author_name");
  listing.created_at = parse_rfc3339(text_of(json, "created_at"));
  listing.listed_at = parse_rfc3339(text_of(json, "listed_at")).value_or(Timestamp{});
  listing.lang = text_of(json, "lang");
  listing.url = text_of(json, "url");
  listing.text = text_of(json, "text");
  if (const auto hashtags = json.find("hashtags"); hashtags != json.end()) {
    for (const Json& hashtag : *hashtags) {
      if (hashtag.is_string()) listing.hashtags.push_back(hashtag.get<std::string>());
    }
  }
  return listing;
}

}  // namespace pullwire::republisher
