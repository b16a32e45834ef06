// What the last stage of a relay measures: events a second and latencies, in one window of
// time. Tells the driver when the window begins and ends, so that it can read what the
// processes have used up until then.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <vector>

namespace pullwire::bench {

/// Nanoseconds since an arbitrary moment, the same in all processes of a machine.
inline std::uint64_t clock_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(now.tv_nsec);
}

class Meter {
 public:
  /// The window begins `warm_up` after the first event and is `window` long.
  Meter(std::chrono::duration<double> warm_up, std::chrono::duration<double> window)
      : warm_up_{nanoseconds(warm_up)}, window_{nanoseconds(window)} {}

  /// Some events arrived at `now`; `age` is the latency of one of them.
  void arrived(std::size_t events, std::uint64_t now, std::uint64_t age) {
    if (first_ == 0) first_ = now;
    if (begin_ == 0 && now >= first_ + warm_up_) {
      begin_ = now;
      std::printf("begin\n");
      std::fflush(stdout);
      return;  // its events arrived before the window
    }
    if (begin_ == 0 || over_) return;
    events_ += events;
    ages_.push_back(age);
    if (now < begin_ + window_) return;
    over_ = true;
    tell(static_cast<double>(now - begin_) / 1e9);
  }

 private:
  static std::uint64_t nanoseconds(std::chrono::duration<double> time) {
    return static_cast<std::uint64_t>(time.count() * 1e9);
  }

  [[nodiscard]] double age_us(double part) const {
    const auto place = static_cast<std::size_t>(part * static_cast<double>(ages_.size() - 1));
    return static_cast<double>(ages_[place]) / 1e3;
  }

  void tell(double seconds) {
    std::sort(ages_.begin(), ages_.end());
    std::printf(
        "end {\"events\": %llu, \"seconds\": %.6f, \"p50_us\": %.1f, \"p99_us\": %.1f, "
        "\"p999_us\": %.1f}\n",
        static_cast<unsigned long long>(events_), seconds, age_us(0.5), age_us(0.99),
        age_us(0.999));
    std::fflush(stdout);
  }

  std::uint64_t warm_up_;
  std::uint64_t window_;
  std::uint64_t first_ = 0;
  std::uint64_t begin_ = 0;
  std::uint64_t events_ = 0;
  bool over_ = false;
  std::vector<std::uint64_t> ages_;  // one a message
};

}  // namespace pullwire::bench
