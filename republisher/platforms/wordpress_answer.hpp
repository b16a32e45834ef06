// What WordPress says, read with suspicion: the answers of a strange server, and of its plugins.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "republisher/platforms/publisher.hpp"

namespace pullwire::republisher {

/// A post or a file of the media library.
struct WordpressItem {
  std::uint64_t id = 0;
  std::string address;       ///< where readers find it
  std::string slug;          ///< if it was asked for
  std::string content;       ///< of a post, as it is edited
  std::uint64_t parent = 0;  ///< post that a file belongs to
};

/// The item that was made; nothing if the answer is none.
std::optional<WordpressItem> wordpress_item(const HttpAnswer& answer);

struct WordpressList {
  bool readable = false;  ///< false: the answer is no list of items
  std::optional<WordpressItem> first{};
};
WordpressList wordpress_list(const HttpAnswer& answer);

/// The id of a tag that was made, or was there before; 0 if the answer has none.
std::uint64_t wordpress_tag(const HttpAnswer& answer);

/// What an answer that is no success means: a user or a plugin that an operator can mend is tried
/// again; what WordPress refuses is refused for good only if that was the publication itself
/// (`making`).
Step wordpress_trouble(const HttpAnswer& answer, bool making);

/// A success that cannot be read: PHP's warnings stand before it, a page instead of it.
std::string wordpress_nonsense(const HttpAnswer& answer);

}  // namespace pullwire::republisher
