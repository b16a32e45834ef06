#include "republisher/platforms/pace.hpp"

#include <algorithm>
#include <deque>
#include <random>
#include <vector>

#include "tests/catch.hpp"

using namespace pullwire::republisher;
using namespace std::chrono_literals;
using Time = Pace::Time;

namespace {

/// A republisher that always has something to publish.
struct One {
  Pace pace;
  Time hears;             // the next heartbeat
  std::size_t knows = 0;  // republishers
};

/// The most begins within any window of that length.
std::size_t most_within(const std::vector<Time>& begins, Time window) {
  std::size_t most = 0;
  std::size_t first = 0;
  for (std::size_t last = 0; last < begins.size(); ++last) {
    while (begins[last] - begins[first] >= window) ++first;
    most = std::max(most, last - first + 1);
  }
  return most;
}

}  // namespace

TEST_CASE("without a rate everything may begin at once", "[pace]") {
  Pace pace{{}};
  CHECK_FALSE(pace.any());
  CHECK(pace.next() == 0s);
  pace.begun(5s);
  CHECK(pace.next() == 0s);
  CHECK(pace.come_back(7s, 0s) == 7s);
  CHECK(pace.come_back(7s, 1s) == 8s);
}

TEST_CASE("a republisher uses its part of the rate", "[pace]") {
  Pace pace{{.rate = 10}};
  CHECK(pace.next() == Pace::kNever);
  pace.share(4, 100s);
  CHECK(pace.next() == 103s);
  pace.begun(103s);
  CHECK(pace.next() == 103s + 400ms);
  pace.share(2, 103s);  // two have left
  CHECK(pace.next() == 103s + 200ms);
  pace.share(0, 104s);
  CHECK(pace.next() == Pace::kNever);
}

TEST_CASE("the hourly cap is spread over the hour", "[pace]") {
  Pace pace{{.rate = 10, .hourly_cap = 60}};
  pace.share(1, 0s);
  pace.begun(10s);
  CHECK(pace.next() == 70s);
}

TEST_CASE("what is put off comes back at the rate", "[pace]") {
  Pace pace{{.rate = 2}};
  pace.share(1, 0s);
  CHECK(pace.come_back(100s, 20ms) == 100s);
  CHECK(pace.come_back(100s, 20ms) == 100s + 500ms);
  CHECK(pace.come_back(100s, 20ms) == 101s);
  CHECK(pace.come_back(200s, 20ms) == 200s);
}

TEST_CASE("the rate holds while republishers come and go", "[pace]") {
  // Each hears how many there are every 500 ms; who leaves in silence is counted 2.5 s longer.
  constexpr double kRate = 5;
  std::minstd_rand random{7};
  const auto soon = [&](Time most) {
    return Time{std::uniform_int_distribution<Time::rep>{0, most.count()}(random)};
  };
  std::deque<One> all;
  std::vector<Time> begins;
  std::size_t most = 0;
  for (Time now = 0s; now < 300s; now += 10ms) {
    const std::size_t wanted = now < 60s ? 1 : now < 160s ? 8 : 2;
    while (all.size() < wanted) all.push_back({Pace{{.rate = kRate}}, now + soon(500ms), 0});
    while (all.size() > wanted) all.pop_front();
    most = std::max(most, all.size());
    for (One& one : all) {
      if (now >= one.hears) {
        one.hears += 500ms;
        one.pace.share(all.size(), now);
      }
      if (one.pace.next() > now) continue;
      one.pace.begun(now);
      begins.push_back(now);
    }
  }
  for (const Time window : {1s, 2s, 10s, 60s}) {
    const double seconds = std::chrono::duration<double>(window).count();
    CHECK(static_cast<double>(most_within(begins, window)) <= kRate * seconds + 8);
  }
  // And it is used, but for the times in which somebody has just come.
  CHECK(static_cast<double>(begins.size()) > kRate * 300 * 0.93);
}
