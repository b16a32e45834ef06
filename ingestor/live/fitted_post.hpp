// From what was found to the post that travels. Pure; not thread-safe.
#pragma once

#include <string>

#include "common/model/post.hpp"
#include "ingestor/live/found_post.hpp"

namespace pullwire::ingestor {

/// "NAME:ID", where an id that is too long, or has control characters, is replaced by its
/// digest.
std::string live_post_id(const std::string& source, const std::string& id);

/// A post within PostLimits. What is beyond them is left out (hashtags, media, URLs, HTML) or
/// cut (names); a text that is too long makes the post `refused`.
class FittedPost {
 public:
  /// Both must outlive the object.
  FittedPost(const std::string& source, const FoundPost& found, Timestamp ingested_at);
  FittedPost(const FittedPost&) = delete;
  FittedPost& operator=(const FittedPost&) = delete;

  [[nodiscard]] const Post& post() const { return post_; }

 private:
  std::string post_id_;
  std::string refused_;
  Post post_;
};

}  // namespace pullwire::ingestor
