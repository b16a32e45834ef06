// Publishes posts to WordPress by its REST API (wp/v2, since 4.7; application passwords since
// 5.6): a post's page becomes a post there, its PDF a file of the media library; whichever comes
// second puts a link to the file at the end of the post. WordPress knows no idempotent request:
// what may have been made before is looked up by its slug.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "republisher/platforms/publisher.hpp"

namespace pullwire::republisher {

struct WordpressOptions {
  std::string site;                    ///< URL; wp-json is beneath it
  std::string target;                  ///< the target's name, part of each slug
  std::string authorization{};         ///< header's value
  std::string status = "publish";      ///< of new posts
  bool has_posts = true;               ///< the target takes html
  bool has_files = false;              ///< it takes pdf
  std::vector<std::string> secrets{};  ///< what is not to be repeated
};

std::unique_ptr<Publisher> make_wordpress(WordpressOptions options);

}  // namespace pullwire::republisher
