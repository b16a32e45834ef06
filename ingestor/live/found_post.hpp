// A post as a platform's answer has it, before it becomes a Post.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/model/time.hpp"

namespace pullwire::ingestor {

struct FoundMedia {
  std::string type;  ///< "image", "video", "audio" or "" where unknown
  std::string url;
  std::string alt{};
};

/// Owns its strings, which are UTF-8 without NUL and of any length: PostLimits are
/// applied when it becomes a Post. Everything but `id` may be empty.
struct FoundPost {
  std::string id;           ///< the platform's; unique within the source
  std::string author;       ///< handle, without @
  std::string author_name;  ///< display name
  std::optional<Timestamp> created_at;
  std::string lang;                   ///< BCP 47
  std::string url;                    ///< where a person reads it
  std::string text;                   ///< plain
  std::string html;                   ///< of clean_html.hpp; "" where the platform gives plain text
  std::vector<std::string> hashtags;  ///< without #
  std::vector<FoundMedia> media;
  bool repost = false;
  bool reply = false;
};

}  // namespace pullwire::ingestor
