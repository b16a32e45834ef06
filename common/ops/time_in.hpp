// How long something has been the case, in total. Pure.
#pragma once

#include <chrono>
#include <cstdint>

namespace pullwire {

/// Adds up the time for which a condition held: blocked, busy, …
class TimeIn {
 public:
  using Time = std::chrono::nanoseconds;

  /// From `now` on the condition holds, or not.
  void set(bool holds, Time now) {
    if (holds_) total_ += now - since_;
    holds_ = holds;
    since_ = now;
  }

  [[nodiscard]] Time total(Time now) const { return holds_ ? total_ + (now - since_) : total_; }
  [[nodiscard]] double seconds(Time now) const {
    return std::chrono::duration<double>(total(now)).count();
  }
  [[nodiscard]] std::uint64_t micros(Time now) const {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(total(now)).count());
  }

 private:
  Time total_{};
  Time since_{};
  bool holds_ = false;
};

}  // namespace pullwire
