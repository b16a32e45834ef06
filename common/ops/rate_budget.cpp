#include "common/ops/rate_budget.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>

namespace pullwire {
namespace {

using std::chrono::milliseconds;

constexpr double kLongest = 1e9;       // seconds; beyond, a number is a point in time
constexpr double kLongestUnix = 1e11;  // beyond, it counts milliseconds
constexpr int kMostDoublings = 20;

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::optional<double> number_in(std::string_view text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || rest != end || !(number >= 0 && number < 1e16)) return std::nullopt;
  return number;
}

std::optional<double> unix_seconds(std::string_view text) {
  if (const auto time = parse_rfc3339(text)) return static_cast<double>(time->micros) / 1e6;
  const std::time_t time = curl_getdate(std::string{text}.c_str(), nullptr);
  if (time < 0) return std::nullopt;
  return static_cast<double>(time);
}

/// Rounded up: never too early. What has passed is zero.
milliseconds from_seconds(double seconds) {
  return milliseconds{static_cast<std::int64_t>(std::ceil(std::clamp(seconds, 0.0, 1e9) * 1e3))};
}

/// Seconds from now, or a point in time in any of its forms.
std::optional<milliseconds> wait_in(std::string_view text, double now) {
  text = trimmed(text);
  if (const auto number = number_in(text)) {
    if (*number < kLongest) return from_seconds(*number);
    return from_seconds((*number < kLongestUnix ? *number : *number / 1e3) - now);
  }
  if (const auto time = unix_seconds(text)) return from_seconds(*time - now);
  return std::nullopt;
}

/// The value of a parameter by any of its names: "limit=9, remaining=7, reset=30" of one draft,
/// "\"default\";r=7;t=30" of the next (draft-ietf-httpapi-ratelimit-headers).
std::string_view one_of(std::string_view header, std::initializer_list<std::string_view> names) {
  for (std::size_t at = 0; at < header.size();) {
    const std::size_t end = std::min(header.find_first_of(",;", at), header.size());
    const std::string_view part = trimmed(header.substr(at, end - at));
    for (const std::string_view name : names) {
      if (part.starts_with(name)) return part.substr(name.size());
    }
    at = end + 1;
  }
  return {};
}

/// The first of these headers that is there.
std::optional<std::string_view> any_of(const HttpAnswer& answer,
                                       std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (const auto value = answer.header(name)) return value;
  }
  return std::nullopt;
}

}  // namespace

RateHint read_rate_hint(const HttpAnswer& answer, Timestamp now) {
  double here = static_cast<double>(now.micros) / 1e6;
  if (const auto date = answer.header("date")) {
    const std::time_t there = curl_getdate(std::string{*date}.c_str(), nullptr);
    if (there >= 0) here = static_cast<double>(there);
  }
  RateHint hint;
  if (const auto value = answer.header("retry-after")) hint.retry_after = wait_in(*value, here);
  if (const auto value = any_of(
          answer, {"x-rate-limit-remaining", "x-ratelimit-remaining", "ratelimit-remaining"})) {
    if (const auto number = number_in(trimmed(*value))) {
      hint.remaining = static_cast<std::uint64_t>(*number);
    }
  }
  if (const auto value =
          any_of(answer, {"x-rate-limit-reset", "x-ratelimit-reset", "ratelimit-reset"})) {
    hint.reset = wait_in(*value, here);
  }
  if (const auto policy = answer.header("ratelimit")) {
    if (!hint.remaining) {
      const auto number = number_in(one_of(*policy, {"remaining=", "r="}));
      if (number) hint.remaining = static_cast<std::uint64_t>(*number);
    }
    if (!hint.reset) hint.reset = wait_in(one_of(*policy, {"reset=", "t="}), here);
  }
  return hint;
}

RateBudget::RateBudget(Time first, std::uint64_t seed, Use use)
    : first_{first}, use_{use}, random_{static_cast<std::minstd_rand::result_type>(seed)} {}

void RateBudget::served(Time now, const RateHint& hint, Time begun) {
  if (begun < failed_at_) return;
  failures_ = 0;
  next_ = now;
  if (use_ == Use::AtOnce) return begun_well(now, hint);
  if (!hint.remaining || !hint.reset) return;
  const Time window = std::min<Time>(*hint.reset, kLongestWait);
  // One more than what is left: the last of them is not followed by a wait of no use.
  const auto parts = static_cast<std::int64_t>(std::min<std::uint64_t>(*hint.remaining, 1'000'000));
  next_ = now + window / (parts + 1);
}

void RateBudget::begun_well(Time now, const RateHint& hint) {
  if (hint.remaining && hint.reset && *hint.remaining == 0) forbid(now, *hint.reset);
}

void RateBudget::throttled(Time now, const RateHint& hint) {
  Time wait{};
  if (hint.retry_after) wait = *hint.retry_after;
  if (hint.reset) wait = std::max<Time>(wait, *hint.reset);
  forbid(now, wait == Time{} ? back_off() : wait);
}

void RateBudget::failed(Time now, const RateHint& hint, Time begun) {
  if (hint.retry_after) forbid(now, *hint.retry_after);
  if (begun < failed_at_) return;
  failed_at_ = now;
  next_ = now + back_off();
}

void RateBudget::forbid(Time now, Time wait) {
  not_before_ = std::max(not_before_, now + std::min(wait, kLongestWait));
}

/// Between half of it and all: what failed together does not come back together.
RateBudget::Time RateBudget::back_off() {
  const double doubled =
      std::ldexp(static_cast<double>(first_.count()), std::min(failures_++, kMostDoublings));
  const double longest = static_cast<double>(kLongestBackOff.count());
  const double part = std::uniform_real_distribution<double>{0.5, 1.0}(random_);
  return Time{static_cast<std::int64_t>(std::min(doubled, longest) * part)};
}

}  // namespace pullwire
