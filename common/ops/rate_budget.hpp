// When a server may be asked again: its rate limits as a budget, and back-off.
//
// Pure, time included; not thread-safe.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

#include "common/model/time.hpp"
#include "common/ops/http_client.hpp"

namespace pullwire {

/// What an answer's headers say about the next request, as time from its arrival on.
struct RateHint {
  /// Retry-After, as seconds or as a date (RFC 9110, 10.2.3).
  std::optional<std::chrono::milliseconds> retry_after{};
  /// X-Rate-Limit-*, X-RateLimit-*, RateLimit-* or RateLimit: requests left, and until when. Resets
  /// come as seconds or milliseconds since 1970, as seconds from now, or as a date.
  std::optional<std::uint64_t> remaining{};
  std::optional<std::chrono::milliseconds> reset{};
};

/// `now`: when the answer came. Where the answer has a Date, dates in it are held against
/// that, so that a wrong clock here does not matter.
RateHint read_rate_hint(const HttpAnswer& answer, Timestamp now);

/// The budget of one that asks a server.
class RateBudget {
 public:
  using Time = std::chrono::nanoseconds;

  /// The longest that a server's word is taken for.
  static constexpr Time kLongestWait = std::chrono::hours{24};
  static constexpr Time kLongestBackOff = std::chrono::minutes{5};

  /// What is left of a window's requests: spread over it, or used as they come.
  enum class Use { Spread, AtOnce };

  /// `first`: the back-off after the first failure, before jitter; doubles with each more.
  RateBudget(Time first, std::uint64_t seed, Use use = Use::Spread);

  // Of a request that was made at `begun`: several may be under way. What was begun before the
  // last failure says nothing new.

  /// The request was served.
  void served(Time now, const RateHint& hint, Time begun);
  void served(Time now, const RateHint& hint) { served(now, hint, now); }
  /// The same, but it was only the first of several: whether it works after failures is not known.
  void begun_well(Time now, const RateHint& hint);
  /// It was refused for its number (429): nothing before the server's time, whatever others say;
  /// without one, back-off.
  void throttled(Time now, const RateHint& hint);
  /// It failed otherwise. A Retry-After is obeyed if it is later than the back-off.
  void failed(Time now, const RateHint& hint, Time begun);
  void failed(Time now, const RateHint& hint) { failed(now, hint, now); }

  /// By the server's word, to us or another: nothing for so long, kLongestWait at most.
  void forbid(Time now, Time wait);

  /// Until when that is.
  [[nodiscard]] Time forbidden() const noexcept { return not_before_; }

  /// No request before.
  [[nodiscard]] Time next() const noexcept { return std::max(next_, not_before_); }

 private:
  [[nodiscard]] Time back_off();

  Time first_;
  Use use_;
  Time next_{};
  Time not_before_{};  // the server's word; only ever later
  Time failed_at_{Time::min()};
  int failures_ = 0;  // in a row
  std::minstd_rand random_;
};

}  // namespace pullwire
