// One post on one target in one format, and how that ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/model/time.hpp"

namespace pullwire {

enum class Status : std::uint8_t { Published, Failed, Deferred };

/// "published", "failed" or "deferred": the word in the database, the metrics and the logs.
constexpr std::string_view to_text(Status status) {
  switch (status) {
    case Status::Published: return "published";
    case Status::Failed: return "failed";
    case Status::Deferred: return "deferred";
  }
  return "failed";
}

/// A publication record as it travels to the reporter. Strings are UTF-8 views
/// into the message they came in (or the republisher's buffers).
struct Publication {
  std::string_view post_id;
  std::string_view target;
  std::string_view format;
  Status status = Status::Published;
  std::uint32_t attempts = 1;         ///< how often the post was begun, this time included
  bool redelivered = false;           ///< someone may have begun it before
  std::string_view location;          ///< path or URL where it can be seen; "" unless published
  std::string_view error;             ///< reason; "" if published
  std::optional<Timestamp> retry_at;  ///< deferred: not before
  Timestamp ingested_at;
  Timestamp rendered_at;
  Timestamp published_at;  ///< when the outcome was known
  /// The post in its encoded form (wire/events.hpp), on the first publication
  /// of each delivery of a post; "" on the others.
  std::string_view post;
};

}  // namespace pullwire
