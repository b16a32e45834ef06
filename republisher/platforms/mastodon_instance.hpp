// What a server of Mastodon tells before anything is published: its limits, and whose the token
// is. No I/O; not thread-safe.
#pragma once

#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "common/ops/http_client.hpp"
#include "republisher/platforms/mastodon.hpp"
#include "republisher/platforms/mastodon_statuses.hpp"
#include "republisher/platforms/publisher.hpp"

namespace pullwire::republisher {

/// What is known of the server and the account.
struct MastodonInstance {
  MastodonOptions options;
  TextLimits limits = kMastodonLimits;
  bool introduced = false;
  std::string account{};  ///< its id
  OwnStatuses statuses{};

  [[nodiscard]] HttpRequest request(std::string method, const std::string& path) const {
    return {.method = std::move(method),
            .url = options.base + path,
            .headers = {"Authorization: Bearer " + options.token}};
  }
};

/// Asks for limits and account. `instance` must outlive it.
std::unique_ptr<Conversation> make_introduction(MastodonInstance& instance);

/// Discarded if it is no JSON.
nlohmann::json parse_answer(const std::string& body);

/// "HTTP 422: Validation failed", with the server's own words if there are any.
std::string words_of(const HttpAnswer& answer);

}  // namespace pullwire::republisher
