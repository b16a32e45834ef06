// What WordPress is told of a post. Pure: the same for a post whenever it is asked for, since its
// slug is how a post that was made before is found.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/model/post.hpp"

namespace pullwire::republisher {

/// HTML, as WordPress takes a title.
std::string wordpress_title(const Post& post);

/// Up to six words of the title in a-z and 0-9 ("post" if there are none), and 16 hexadecimal
/// digits of a digest of post and target: nothing that WordPress would change. At most 100 bytes.
std::string wordpress_slug(const Post& post, std::string_view target);

/// What the post says, its author and its source, as a block that WordPress shows as it is: a
/// post's text runs none of its shortcodes.
std::string wordpress_content(const Post& post);

/// A block that leads to the post's PDF.
std::string wordpress_file_link(std::string_view url);

/// The post's hashtags that are to be tags, each once, ten at most.
std::vector<std::string> wordpress_tags(const Post& post);

}  // namespace pullwire::republisher
