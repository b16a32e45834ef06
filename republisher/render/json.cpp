#include <string>

#include <nlohmann/json.hpp>

#include "republisher/render/renderer.hpp"

namespace pullwire::republisher {

std::string render_json(const Post& post) {
  using Json = nlohmann::ordered_json;
  Json media = Json::array();
  for (const Media& item : post.media) {
    media.push_back({{"type", item.type}, {"url", item.url}, {"alt", item.alt}});
  }
  Json hashtags = Json::array();
  for (const std::string_view hashtag : post.hashtags) hashtags.push_back(hashtag);
  Json document = {
      {"post_id", post.post_id},
      {"source", post.source},
      {"author", post.author},
      {"author_name", post.author_name},
      {"created_at", post.created_at ? Json(to_text(*post.created_at)) : Json(nullptr)},
      {"lang", post.lang},
      {"url", post.url},
      {"text", post.text},
      {"hashtags", std::move(hashtags)},
      {"media", std::move(media)},
  };
  if (!post.html.empty()) document["html"] = post.html;
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace pullwire::republisher
