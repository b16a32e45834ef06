// What an HTTP target must know of one platform's API: which requests a publication takes, and
// what their answers say.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/ops/http_client.hpp"
#include "republisher/publish/make_target.hpp"
#include "republisher/publish/target.hpp"

namespace pullwire::republisher {

/// How a publication goes on after an answer.
struct Published {
  std::string location;  ///< where it can be seen
};
struct Refused {
  std::string why;          ///< it can never work: the platform's own words
  bool everything = false;  ///< nor can anything else: the target is closed
};
struct TryAgain {
  std::string why;  ///< it did not work now; the same publication may later
};
struct Anew {
  std::string why;  ///< what `introduce` brought is not valid any more
};
using Step = std::variant<HttpRequest, Published, Refused, TryAgain, Anew>;

/// One publication on its way through a platform's API. No I/O; on the loop's thread.
class Conversation {
 public:
  Conversation() = default;
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;
  virtual ~Conversation() = default;

  /// The first request of an attempt. After one that failed, or whose end is not known, it is
  /// called again: what was done before must be found, or done to the same effect. So it must if
  /// the document is `redelivered` or `replayed`.
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

  /// What must be done before any publication (a session, the server's limits): asked for before
  /// each begins, made alone, null if there is nothing to do. Ends well with Published, whose
  /// location is not used; Refused is tried again as well, since an operator may mend it.
  virtual std::unique_ptr<Conversation> introduce() { return nullptr; }

  /// What would be sent where, as far as that is known without asking; without an address: to
  /// the target's.
  [[nodiscard]] virtual Shown show(const Document& document) const {
    (void)document;
    return {};
  }

  /// `document` outlives the conversation.
  virtual std::unique_ptr<Conversation> converse(const Document& document) = 0;

  /// Whether what was done before can only be found by looking for it. Then a publication whose
  /// last request may still be at work on the server begins after that must have ended.
  [[nodiscard]] virtual bool looks_up() const { return false; }

  /// What is not to be repeated, should a server say it.
  [[nodiscard]] virtual std::vector<std::string> secrets() const = 0;
};

/// "HTTP 403: WORDS", with what the answer's body says, shortened to one line.
std::string refusal(const HttpAnswer& answer);

}  // namespace pullwire::republisher
