// How a republisher ends, and what it does in pauses. The rest of it: republisher.cpp.
#include <algorithm>
#include <utility>

#include "common/ops/log.hpp"
#include "republisher/republisher.hpp"

namespace pullwire::republisher {
namespace {

using namespace std::chrono_literals;

/// So long after the last publication the indexes are brought up to date.
constexpr net::Time kTidyAfter = 300ms;

}  // namespace

void Republisher::drain() {
  draining_ = true;
  for (const auto& upstream : upstreams_) upstream->link.drain(loop_.now());
  release_unbegun();
  workshop_.drain();
}

/// Gives back what nobody has begun, so that another republisher gets it at once.
void Republisher::release_unbegun() {
  for (const Workshop::Ticket ticket : std::exchange(queue_, {})) settle(ticket);
  tell_settled(flow::Outcome::Released);
}

void Republisher::maybe_finish() {
  if (!draining_) return;
  const auto finished = [](const auto& end) { return end->link.finished(); };
  // Posts whose session has ended are finished and reported all the same.
  if (!parting_ && posts_.size() == 0 &&
      std::all_of(upstreams_.begin(), upstreams_.end(), finished)) {
    parting_ = true;
    for (const auto& downstream : downstreams_) {
      downstream->link.drain(loop_.now());
      downstream->socket->flush();
    }
    workshop_.tidy([this] { tidying_ = false; });
    tidying_ = true;
  }
  if (parting_ && !tidying_ && std::all_of(downstreams_.begin(), downstreams_.end(), finished)) {
    log_info("drained", {{"posts", settled_total_}});
    service_.finish(0);
  }
}

void Republisher::tidy_when_idle() {
  if (tidy_timer_ || parting_) return;
  tidy_timer_ = loop_.at(loop_.now() + kTidyAfter, [this] {
    tidy_timer_.reset();
    if (workshop_.working() > 0) return tidy_when_idle();
    if (!std::exchange(untidy_, false)) return;
    workshop_.tidy([] {});
  });
}

}  // namespace pullwire::republisher
