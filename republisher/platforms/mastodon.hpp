// Publishes posts as statuses to Mastodon, and to servers with its API.
//
// Where a status may be there already (the post is redelivered or replayed, or was tried before),
// the account's statuses are looked at first, back to a day before the post was there, the newest
// 1,000 at most. Each is asked for with an Idempotency-Key, the publication's own, too, which the
// server keeps for an hour: but a server stores it last, so that a request which it breaks off may
// have published without it, some answer 500 to a repetition (mastodon/mastodon#40399), and others
// than Mastodon may not know it. A status is taken for this post if all that is to be read in it is
// the same, which with {url} in the template no other post's is; two posts whose texts are equal,
// without an address, are one.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "republisher/platforms/publisher.hpp"
#include "republisher/render/fitted_text.hpp"

namespace pullwire::republisher {

struct MastodonOptions {
  std::string base;    ///< "https://mastodon.social"
  std::string target;  ///< the target's name, part of each key
  std::string token;
  std::string pattern{kDefaultPattern};
  std::string visibility = "public";
};

/// Until the instance has told its own.
inline constexpr TextLimits kMastodonLimits{.graphemes = 500, .bytes = 0, .link = 23};

std::unique_ptr<Publisher> make_mastodon(MastodonOptions options);

/// A post as a status: what looks like a mention (@name) notifies nobody, since it means somebody
/// elsewhere, or nobody: an invisible character stands in it, which counts nothing; in an address
/// "%40".
FittedText status_text(const Post& post, std::string_view pattern, const TextLimits& limits);

}  // namespace pullwire::republisher
