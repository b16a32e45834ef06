// How targets share a republisher, and republishers a target. The rest of it: workshop.cpp.
#include <algorithm>
#include <utility>

#include "republisher/workshop.hpp"

namespace pullwire::republisher {

/// Targets that have fallen too far behind the fastest let this post go.
void Workshop::bound_lanes(Job& job) {
  const std::size_t fastest = *std::min_element(backlog_.begin(), backlog_.end());
  for (std::size_t i = 0; i < job.tasks.size(); ++i) {
    Task& task = job.tasks[i];
    const std::size_t destination = products_[i].destination;
    const std::size_t behind = backlog_[destination] - fastest;
    if (task.queued == 0 || behind == 0) continue;
    if (behind <= lane_ && queued_bytes_ < kMostQueuedBytes / 2) continue;
    destinations_[destination].target->defer(task.document, "more come than the target takes");
  }
}

void Workshop::let_go(const std::function<bool(Ticket)>& of) {
  if (queued_ == 0) return;
  for (Job& job : jobs_) {
    if (job.open == 0 || !of(job.given->ticket)) continue;
    for (std::size_t i = 0; i < job.tasks.size(); ++i) {
      Task& task = job.tasks[i];
      if (task.queued == 0) continue;
      Target& target = *destinations_[products_[i].destination].target;
      target.defer(task.document, "its ingestor is gone: it comes again");
    }
  }
}

void Workshop::share(std::size_t republishers) {
  if (std::exchange(republishers_, republishers) == republishers) return;
  for (const Destination& destination : destinations_) destination.target->share(republishers);
}

std::vector<wire::Closure> Workshop::closed() const {
  std::vector<wire::Closure> closed;
  for (const Destination& destination : destinations_) {
    const auto time =
        std::chrono::duration_cast<std::chrono::microseconds>(destination.target->closed_for());
    if (time.count() == 0) continue;
    closed.push_back({destination.name, static_cast<std::uint64_t>(time.count())});
  }
  return closed;
}

void Workshop::close(const wire::Closure& closure) {
  constexpr std::uint64_t kDay = 86'400'000'000;
  for (const Destination& destination : destinations_) {
    if (destination.name != closure.target) continue;
    destination.target->close_for(std::chrono::microseconds{std::min(closure.for_us, kDay)});
  }
}

void Workshop::drain() {
  for (const Destination& destination : destinations_) destination.target->drain();
}

}  // namespace pullwire::republisher
