#include "common/ops/rate_budget.hpp"

#include <string>
#include <utility>
#include <vector>

#include "tests/catch.hpp"

using namespace pullwire;
using namespace std::chrono_literals;

namespace {

// 2026-11-28T12:00:00Z
constexpr Timestamp kNow{1'795'867'200'000'000};

RateHint hint(std::vector<std::pair<std::string, std::string>> headers) {
  HttpAnswer answer;
  answer.headers = std::move(headers);
  return read_rate_hint(answer, kNow);
}

}  // namespace

TEST_CASE("a wait is read in every form in which servers write it", "[rate_budget]") {
  CHECK(to_text(kNow) == "2026-11-28T12:00:00.000000Z");
  CHECK(hint({{"retry-after", "30"}}).retry_after == 30s);
  CHECK(hint({{"retry-after", " 1.5 "}}).retry_after == 1500ms);
  CHECK(hint({{"retry-after", "Sat, 28 Nov 2026 12:00:30 GMT"}}).retry_after == 30s);
  CHECK(hint({{"retry-after", "Sat, 28 Nov 2026 11:00:00 GMT"}}).retry_after == 0s);
  CHECK(hint({{"x-rate-limit-reset", "1795867230"}}).reset == 30s);
  CHECK(hint({{"x-ratelimit-reset", "1795867230000"}}).reset == 30s);
  CHECK(hint({{"x-ratelimit-reset", "2026-11-28T12:00:30.250000Z"}}).reset == 30250ms);
  CHECK(hint({{"ratelimit-reset", "30"}}).reset == 30s);
  CHECK(hint({{"x-ratelimit-remaining", "7"}}).remaining == 7);
  for (const char* policy : {"limit=9, remaining=7, reset=30", "\"default\";r=7;t=30"}) {
    CHECK(hint({{"ratelimit", policy}}).remaining == 7);
    CHECK(hint({{"ratelimit", policy}}).reset == 30s);
  }
  for (const char* nonsense : {"", "soon", "-3", "1e99", "nan", "12 monkeys"}) {
    CHECK_FALSE(hint({{"retry-after", nonsense}}).retry_after);
  }
}

TEST_CASE("dates are held against the server's own clock", "[rate_budget]") {
  const std::pair<std::string, std::string> hour_behind{"date", "Sat, 28 Nov 2026 11:00:00 GMT"};
  CHECK(hint({hour_behind, {"retry-after", "Sat, 28 Nov 2026 11:00:30 GMT"}}).retry_after == 30s);
  CHECK(hint({hour_behind, {"x-rate-limit-reset", "1795863630"}}).reset == 30s);
  CHECK(hint({hour_behind, {"retry-after", "30"}}).retry_after == 30s);
}

TEST_CASE("a budget of 15 requests in 15 minutes lasts them", "[rate_budget]") {
  RateBudget budget{1s, 1};
  RateBudget::Time now = 0s;
  std::vector<RateBudget::Time> asked;
  for (std::uint64_t left = 15; left-- > 0;) {
    asked.push_back(now);
    budget.served(now,
                  {.retry_after = {},
                   .remaining = left,
                   .reset = std::chrono::duration_cast<std::chrono::milliseconds>(15min - now)});
    now = budget.next();
  }
  CHECK(asked.size() == 15);
  for (std::size_t i = 0; i < asked.size(); ++i) CHECK(asked[i] == i * 1min);
  CHECK(now == 15min);
}

TEST_CASE("a request that was one too many is made again when the server says so",
          "[rate_budget]") {
  RateBudget budget{1s, 1};
  budget.throttled(5s, {.retry_after = {}, .remaining = 3, .reset = 30s});
  CHECK(budget.next() == 35s);
  budget.throttled(5s, {.retry_after = 40s, .remaining = {}, .reset = 30s});
  CHECK(budget.next() == 45s);
  // Neither what was under way beside it nor a failure makes it earlier.
  budget.served(6s, {}, 4s);
  CHECK(budget.next() == 45s);
  budget.failed(6s, {}, 4s);
  CHECK(budget.next() == 45s);
  budget.throttled(5s, {.retry_after = 1000h, .remaining = {}, .reset = {}});
  CHECK(budget.next() == 5s + RateBudget::kLongestWait);
}

TEST_CASE("failures back off with jitter, up to a bound, and are forgotten", "[rate_budget]") {
  RateBudget budget{1s, 1};
  RateBudget::Time longest = 1s;
  for (int i = 0; i < 40; ++i) {
    budget.failed(0s, {});
    CHECK(budget.next() <= longest);
    CHECK(budget.next() >= longest / 2);
    longest = std::min(longest * 2, RateBudget::kLongestBackOff);
  }
  budget.served(0s, {});
  CHECK(budget.next() == 0s);
  budget.failed(0s, {});
  CHECK(budget.next() <= 1s);
  budget.failed(0s, {.retry_after = 60s, .remaining = {}, .reset = {}});
  CHECK(budget.next() == 60s);
  RateBudget other{1s, 2};
  RateBudget same{1s, 1};
  other.failed(0s, {});
  same.failed(0s, {});
  CHECK(other.next() != same.next());
}

TEST_CASE("a throttled request without a time backs off", "[rate_budget]") {
  RateBudget budget{1s, 1};
  budget.throttled(0s, {});
  CHECK(budget.next() >= 500ms);
}

TEST_CASE("requests that failed together count as one failure", "[rate_budget]") {
  RateBudget budget{1s, 1};
  for (int i = 0; i < 8; ++i) budget.failed(10s + i * 1ms, {}, 9s);
  CHECK(budget.next() <= 11s);
  budget.served(11s, {}, 9s);  // begun before they failed
  budget.failed(12s, {}, 11s);
  CHECK(budget.next() >= 13s);
  CHECK(budget.next() <= 14s);
}

TEST_CASE("what is left of a window may be used at once", "[rate_budget]") {
  RateBudget budget{1s, 1, RateBudget::Use::AtOnce};
  budget.served(0s, {.remaining = 99, .reset = 3600s});
  CHECK(budget.next() == 0s);
  budget.served(1s, {.remaining = 0, .reset = 60s});
  CHECK(budget.next() == 61s);
}
