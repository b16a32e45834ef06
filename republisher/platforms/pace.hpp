// How often a target's publications begin, where the operator has set a rate.
//
// Pure, time included; not thread-safe.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace pullwire::republisher {

/// Of the whole pipeline, whatever the number of its republishers.
struct PaceConfig {
  double rate = 0;               ///< publications a second; 0: any number
  std::uint64_t hourly_cap = 0;  ///< publications an hour, evenly spread; 0: any number
};

/// Spaces begins so that all republishers together keep to the rate: each uses one part of as
/// many as there are. In any time t at most `rate` * t begin, and one more for each republisher.
class Pace {
 public:
  using Time = std::chrono::nanoseconds;

  static constexpr Time kNever = Time::max();
  /// One that joins begins nothing for so long: by then each of the others has heard of it, or
  /// has lost its own session with the reporter (after 2.5 s of silence: PROTOCOL.md, Liveness).
  static constexpr Time kSettling = std::chrono::seconds{3};

  explicit Pace(PaceConfig config);

  [[nodiscard]] bool any() const noexcept { return interval_ > Time::zero(); }

  /// The reporter knows of so many republishers, this one included; 0: no reporter is there to
  /// tell, so nothing may begin.
  void share(std::size_t republishers, Time now);

  /// No begin before; kNever if `share` has to come first.
  [[nodiscard]] Time next() const noexcept { return next_; }

  void begun(Time now);

  /// When to come back with a publication that is put off: not before `earliest`, one after
  /// another, at the rate, and no faster than one in each `gap`, which the target takes.
  [[nodiscard]] Time come_back(Time earliest, Time gap);

 private:
  [[nodiscard]] Time own_interval() const noexcept {
    return interval_ * static_cast<Time::rep>(std::max<std::size_t>(republishers_, 1));
  }

  Time interval_;  // between any two begins of the pipeline
  std::size_t republishers_ = 0;
  Time last_{};  // begun, or would have been at the latest
  Time next_{};
  Time last_put_off_{};
};

}  // namespace pullwire::republisher
