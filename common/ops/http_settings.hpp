// The keys of a configuration that everything over HTTP has: sources and targets.
#pragma once

#include <string>
#include <string_view>

#include "common/ops/http_client.hpp"
#include "common/ops/settings.hpp"
#include "common/ops/url.hpp"

namespace pullwire {

/// `connect_timeout` and `timeout` in seconds (10 and 30), `ca_file`. Throws Misconfigured.
HttpLimits read_http_limits(Table& table);

/// `username` and `password`, both or neither. Throws Misconfigured.
struct Login {
  std::string username{};
  std::string password{};

  [[nodiscard]] bool empty() const { return username.empty(); }
};
Login read_login(Table& table);

/// The value of an Authorization header of HTTP Basic (RFC 7617).
std::string basic_authorization(const Login& login);

/// The parts of "KIND+https://…".
struct WebService {
  std::string kind;
  Url url;
};

/// Whether `scheme` is "KIND+https" or "KIND+http".
bool is_web_service(std::string_view scheme, std::string_view kind);

/// `scheme` for example "mastodon+https", `rest` what follows its colon. Throws
/// std::invalid_argument: for a URL that is wrong, or http beyond loopback.
WebService parse_web_service(std::string_view scheme, std::string_view rest);

}  // namespace pullwire
