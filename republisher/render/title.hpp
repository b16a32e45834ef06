// A post's title, for platforms that want one: posts have none of their own. Pure.
#pragma once

#include <string>

#include "common/model/post.hpp"

namespace pullwire::republisher {

/// The first line of the post's text, links left out, at most 80 graphemes and 400 bytes: where
/// that is too long, its first sentence, or the line cut at a word with "…". Of a post without
/// words the author's name. Never empty, on one line, plain text.
std::string post_title(const Post& post);

}  // namespace pullwire::republisher
