// A source that asks a platform over HTTP, one request at a time.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "common/ops/http_client.hpp"
#include "ingestor/live/live_inquiry.hpp"
#include "ingestor/live/platform.hpp"
#include "ingestor/sources/source.hpp"

namespace pullwire::ingestor {

struct LiveConfig {
  HttpLimits limits;
  std::chrono::nanoseconds interval;  ///< between two looks at a stream where nothing was new
};

/// A source named `name` of what `platform` finds.
///
/// A pull gives what the last answer brought and, when that is used up, makes the next request,
/// to one stream after another: so at most one page waits. Rate limits and failures are the
/// platform's, not the stream's (rate_budget.hpp). A position is a JSON object of the streams'
/// places; a stream's place moves on when the last post of its page was given.
std::unique_ptr<Source> make_live_source(std::string name, std::shared_ptr<Platform> platform,
                                         LiveConfig config, Outside& outside);

}  // namespace pullwire::ingestor
