// What a live source must know of one platform's API: what to ask, what the answer says.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "common/model/time.hpp"
#include "common/ops/http_client.hpp"
#include "ingestor/live/found_post.hpp"

namespace pullwire::ingestor {

/// An answer that cannot be used; what() is one line, with the platform's own words where it
/// has some. The request is made again after a while.
class BadAnswer : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A BadAnswer by which the session has ended: `sign_in` is asked before the next request.
class SessionEnded : public BadAnswer {
  using BadAnswer::BadAnswer;
};

/// Where a source that was never read before begins (`backfill`).
struct Backfill {
  enum class From { Now, Beginning, Moment };
  From from = From::Now;
  Timestamp moment{};  ///< of From::Moment: posts created from then on

  /// Whether the request for `place` only finds out where now is.
  [[nodiscard]] bool finds_now(const std::string& place) const {
    return place.empty() && from == From::Now;
  }
};

/// A platform is asked along one or more streams (a hashtag, a query, a feed), each with a
/// place of its own. A place is a text that only the platform reads; "" is that of a stream
/// that was never asked.
///
/// No I/O. `read` is called on a worker's thread and uses nothing that changes but the clock; the
/// others on the loop's.
class Platform {
 public:
  struct Skipped {
    std::string where;
    std::string why;
  };

  /// What one answer brings.
  struct Page {
    std::vector<FoundPost> posts;  ///< in the order in which they are to be given
    std::vector<Skipped> skipped;
    std::vector<std::string> old;  ///< ids of posts that were there before the beginning
    std::string damage;  ///< one line on what is wrong with the answer as a whole; "": nothing
    std::string place;   ///< of the stream, once all these posts were given
    bool more = false;   ///< there is more to ask for at once
    bool over = false;   ///< the stream has ended for good; `damage` says why
    std::optional<std::chrono::seconds> rest;  ///< the server wants no request for so long
  };

  Platform() = default;
  Platform(const Platform&) = delete;
  Platform& operator=(const Platform&) = delete;
  virtual ~Platform() = default;

  /// Where it is, without secrets. What is known of another address is of no use here.
  [[nodiscard]] virtual std::string address() const = 0;

  /// Names of the streams, at least one, none of them empty; the same in every run with the same
  /// configuration.
  [[nodiscard]] virtual const std::vector<std::string>& streams() const = 0;

  /// Where a stream begins of which nothing is stored, given the places of those of which
  /// something is, by name.
  [[nodiscard]] virtual std::string begin(const std::map<std::string, std::string>& stored) const {
    (void)stored;
    return {};
  }

  /// Whether its posts match the hashtags by the platform's word, whatever stands in them.
  [[nodiscard]] virtual bool searches_hashtags() const = 0;

  [[nodiscard]] virtual HttpRequest request(const std::string& stream, const std::string& place,
                                            Timestamp now) const = 0;

  /// Reads any answer but one that was throttled (429) or is the server's fault (5xx). Throws
  /// BadAnswer.
  [[nodiscard]] virtual Page read(const HttpAnswer& answer, const std::string& stream,
                                  const std::string& place) const = 0;

  /// The place from which a stream goes on that failed several times in a row: a page that the
  /// platform gives no more must not be asked for again and again.
  [[nodiscard]] virtual std::string without_page(const std::string& place) const { return place; }

  /// A request that must be answered before any other can be made. Nothing if there is none.
  [[nodiscard]] virtual std::optional<HttpRequest> sign_in() { return std::nullopt; }
  /// Its answer, by the rules of `read`. Throws BadAnswer.
  virtual void signed_in(const HttpAnswer& answer) { (void)answer; }
  /// The session has ended.
  virtual void signed_out() {}

  /// What no log may show, though the server says it: tokens, passwords and what is made of them.
  [[nodiscard]] virtual std::vector<std::string> secrets() const { return {}; }

  /// The redirects that are followed.
  [[nodiscard]] virtual long redirects() const { return 0; }
};

}  // namespace pullwire::ingestor
