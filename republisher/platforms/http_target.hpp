// A target over HTTP: many publications under way at once, each on its own, within what the
// platform allows.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "common/net/loop.hpp"
#include "common/ops/http_client.hpp"
#include "republisher/platforms/publisher.hpp"
#include "republisher/publish/target.hpp"

namespace pullwire::republisher {

struct HttpTargetConfig {
  HttpLimits limits{};
  std::size_t connections = 4;  ///< requests under way at once
  /// A publication that has waited for so long is deferred.
  std::chrono::milliseconds defer_after{30'000};
  /// After the first failure; doubles with each more, up to five minutes.
  std::chrono::milliseconds first_back_off{1000};
};

/// Publications take their turn, those first that were tried least; how many wait is bounded by
/// what the republisher has in hand. What fails is tried again with back-off until `defer_after`;
/// while a target fails, one publication at a time tries whether it works again. What cannot
/// begin in time, for back-off or since the platform says when (Retry-After, a used-up rate
/// limit), is deferred with that time. When the process is asked to end, nothing waits longer
/// than five seconds, and no answer is waited for longer than ten.
std::unique_ptr<Target> make_http_target(std::unique_ptr<Publisher> publisher,
                                         HttpTargetConfig config, net::Loop& loop,
                                         HttpClient& http);

}  // namespace pullwire::republisher
