// One request of a live source, and what comes of it.
//
// Lives on the loop's thread; answers are read on a worker's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/net/loop.hpp"
#include "common/net/worker.hpp"
#include "common/ops/http_client.hpp"
#include "common/ops/rate_budget.hpp"
#include "ingestor/live/platform.hpp"

namespace pullwire::ingestor {

/// What all live sources of a process share: the way out, and a thread on which answers are
/// read, so that a long one does not stop the loop.
struct Outside {
  explicit Outside(net::Loop& loop);

  net::Loop& loop;
  HttpClient http;
  net::Worker reader;
};

/// What came of a request.
struct Finding {
  enum class Kind {
    Page,       ///< `page` was read
    SignedIn,   ///< a session was made first: the stream is still to be asked
    SignedOut,  ///< the session has ended: `why`
    Refused,    ///< the platform works, but this is not to be had: `why`
    Throttled,  ///< it was one too many (429)
    Failed,     ///< the platform does not work: `why`
    Stumbled,   ///< likewise, perhaps over this request (500)
  };
  Kind kind = Kind::Failed;
  Platform::Page page{};
  std::string why{};  ///< one line, without secrets
  RateHint hint{};
};

/// Asks a platform, one request at a time.
class LiveInquiry {
 public:
  using Done = std::function<void(Finding)>;

  /// `name` is the source's, for the log.
  LiveInquiry(std::string name, std::shared_ptr<Platform> platform, const HttpLimits& limits,
              Outside& outside);
  /// What is under way is dropped.
  ~LiveInquiry();
  LiveInquiry(const LiveInquiry&) = delete;
  LiveInquiry& operator=(const LiveInquiry&) = delete;

  [[nodiscard]] bool busy() const noexcept { return done_ != nullptr; }

  /// Not while it is busy. `done` is called once, from the loop, when it no longer is.
  void ask(const std::string& stream, const std::string& place, Done done);

 private:
  struct Reading;

  void fetch(HttpRequest request, bool signing_in, std::function<void(HttpAnswer&)> then);
  void signed_in(HttpAnswer& answer);
  void read(HttpAnswer& answer, const std::string& stream, const std::string& place);
  void end(Finding finding);

  const std::string name_;
  const std::shared_ptr<Platform> platform_;
  const HttpLimits limits_;
  Outside& outside_;
  Done done_;  // while it is busy
  std::optional<HttpClient::Id> request_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace pullwire::ingestor
