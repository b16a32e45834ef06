// A post as a part of somebody else's page. Pure.
#pragma once

#include <string>

#include "common/model/post.hpp"

namespace pullwire::republisher {

/// One <div class="pullwire-post"> without style, script or title: what the post says, its media,
/// and who wrote it where (<p class="origin">). The same bytes each time.
std::string render_fragment(const Post& post);

}  // namespace pullwire::republisher
