// What an HTTP target must know of one platform's API: which requests a publication takes, and
// what their answers say.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/ops/http_client.hpp"
#include "republisher/publish/target.hpp"

namespace pullwire::republisher {

/// How a publication goes on after an answer.
struct Published {
  std::string location;  ///< where it can be seen
};
struct Refused {
  std::string why;  ///< it can never work: the platform's own words
};
struct TryAgain {
  std::string why;  ///< it did not work now; the same publication may later
};
using Step = std::variant<HttpRequest, Published, Refused, TryAgain>;

/// One publication on its way through a platform's API. No I/O; on the loop's thread.
class Conversation {
 public:
  Conversation() = default;
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;
  virtual ~Conversation() = default;

  /// The first request of an attempt. After one that failed, or whose end is not known, it is
  /// called again: what was done before must be found, or done to the same effect.
  virtual HttpRequest begin() = 0;

  /// What an answer means. Called for those that say "later" on every platform (408, 425, 5xx)
  /// only if `judges` them, and never for 429.
  virtual Step answered(const HttpAnswer& answer) = 0;

  /// Whether this status says something else than "later" to the request that was made last.
  [[nodiscard]] virtual bool judges(long status) const {
    (void)status;
    return false;
  }
};

class Publisher {
 public:
  Publisher() = default;
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;
  virtual ~Publisher() = default;

  /// `document` outlives the conversation.
  virtual std::unique_ptr<Conversation> converse(const Document& document) = 0;

  /// What is not to be repeated, should a server say it.
  [[nodiscard]] virtual std::vector<std::string> secrets() const = 0;
};

/// "HTTP 403: WORDS", with what the answer's body says, shortened to one line.
std::string refusal(const HttpAnswer& answer);

}  // namespace pullwire::republisher
