#include "republisher/platforms/pace.hpp"

#include <cmath>
#include <utility>

namespace pullwire::republisher {
namespace {

using Time = Pace::Time;

constexpr double kNanosInHour = 3600e9;
constexpr Time kLongestQueue = std::chrono::minutes{10};

Time interval_of(const PaceConfig& config) {
  double nanos = config.rate > 0 ? 1e9 / config.rate : 0;
  if (config.hourly_cap > 0) {
    nanos = std::max(nanos, kNanosInHour / static_cast<double>(config.hourly_cap));
  }
  return Time{static_cast<Time::rep>(std::ceil(nanos))};
}

}  // namespace

Pace::Pace(PaceConfig config)
    : interval_{interval_of(config)}, next_{any() ? kNever : Time::zero()} {}

void Pace::share(std::size_t republishers, Time now) {
  if (!any() || republishers == republishers_) return;
  if (std::exchange(republishers_, republishers) == 0)
    last_ = std::max(last_, now + kSettling - own_interval());
  next_ = republishers == 0 ? kNever : last_ + own_interval();
}

void Pace::begun(Time now) {
  if (!any()) return;
  last_ = now;
  next_ = now + own_interval();
}

Time Pace::come_back(Time earliest, Time gap) {
  // A queue that was made while the target was slower.
  if (!any() && last_put_off_ > earliest + kLongestQueue) last_put_off_ = {};
  last_put_off_ = std::max(earliest, last_put_off_ + std::max(own_interval(), gap));
  return last_put_off_;
}

}  // namespace pullwire::republisher
