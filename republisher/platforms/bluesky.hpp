// Publishes posts on Bluesky: com.atproto.repo.putRecord of the AT Protocol. A post has the same
// key in the account's repository whenever it is put there, so a repetition changes nothing.
#pragma once

#include <memory>
#include <string>

#include "common/ops/atproto_session.hpp"
#include "republisher/platforms/publisher.hpp"
#include "republisher/render/fitted_text.hpp"

namespace pullwire::republisher {

struct BlueskyOptions {
  AtprotoSession::Account account;
  std::string target;  ///< the target's name, part of each post's key
  std::string pattern{kDefaultPattern};
  AtprotoSession::Clock clock = wall_clock;
};

std::unique_ptr<Publisher> make_bluesky(BlueskyOptions options);

}  // namespace pullwire::republisher
