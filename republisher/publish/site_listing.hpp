// What a site's index and feed say of a post, small enough to be kept in the
// journal: text is cut, all fields are clean (render/plain.hpp). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/model/post.hpp"

namespace pullwire::republisher {

struct Listing {
  static constexpr std::size_t kTextBytes = 1000;
  static constexpr std::size_t kExcerptBytes = 300;
  static constexpr std::size_t kNameBytes = 200;
  static constexpr std::size_t kUrlBytes = 1000;
  static constexpr std::size_t kHashtags = 12;
  static constexpr std::size_t kHashtagBytes = 100;

  struct File {
    std::string format;      ///< "html"
    std::string media_type;  ///< "text/html"
    std::string path;        ///< relative to the site
  };

  std::string key;
  std::string source;
  std::string author;
  std::string author_name;
  std::optional<Timestamp> created_at;
  Timestamp listed_at;  ///< when the site first heard of the post
  std::string lang;
  std::string url;   ///< "" unless it may stand in a link
  std::string text;  ///< with its line breaks; ends with an ellipsis if cut
  std::vector<std::string> hashtags;
  std::vector<File> files;  ///< the documents that exist; not part of the details
};

/// A journal line's details: one line of JSON.
std::string to_details(const Post& post, Timestamp listed_at);

/// Reads them; whatever is missing or of another shape is left empty.
Listing from_details(std::string_view key, std::string_view details);

}  // namespace pullwire::republisher
