// What operators see of a republisher. The rest of it: republisher.cpp.
#include <algorithm>

#include "common/net/identity.hpp"
#include "republisher/republisher.hpp"

namespace pullwire::republisher {

using namespace std::chrono_literals;

void Republisher::measure() {
  blocked_.set(producer_.credit() == 0 && producer_.waiting() > 0, loop_.now());
}

/// Our own report, and those of the ingestors that we hear of, go downstream.
std::string Republisher::report() const {
  const net::Time now = loop_.now();
  std::vector<wire::StageReport> reports;
  wire::StageReport own;
  own.stage = "republisher";
  own.name = net::process_name("republisher");
  own.instance = instance_;
  own.uptime_us = static_cast<std::uint64_t>((now - started_) / 1us);
  own.sessions = posts_metrics_.sessions() + publications_metrics_.sessions();
  own.credit = producer_.credit();
  own.in_flight = producer_.in_flight();
  own.held = posts_.size();
  own.events = settled_total_;
  own.busy_us = workshop_.busy().micros(now);
  own.blocked_us = blocked_.micros(now);
  own.redelivered = posts_metrics_.redelivered_total();
  own.trouble = workshop_.trouble();
  own.closed = workshop_.closed();
  reports.push_back(own);
  for (const auto& upstream : upstreams_) {
    for (const auto& [session, bytes] : upstream->gauges) {
      std::vector<wire::StageReport> theirs;
      if (!wire::decode_reports(bytes, theirs)) continue;  // a newer version's, perhaps
      reports.insert(reports.end(), theirs.begin(), theirs.end());
    }
  }
  return wire::encode_reports(reports);
}

void Republisher::before_scrape() {
  std::uint64_t credit = 0;
  std::uint64_t in_flight = 0;
  for (const auto& upstream : upstreams_) {
    credit += upstream->consumer.credit();
    in_flight += upstream->consumer.in_flight();
  }
  workshop_.before_scrape();
  posts_metrics_.show(credit, in_flight);
  publications_metrics_.show(producer_, blocked_.seconds(loop_.now()));
}

std::string Republisher::not_ready() const {
  if (draining_) return "draining";
  for (std::size_t i = 0; i < upstreams_.size(); ++i) {
    if (upstreams_[i]->link.sessions() == 0) return "no session with " + config_.upstream[i];
  }
  const bool any = std::any_of(downstreams_.begin(), downstreams_.end(),
                               [](const auto& end) { return end->link.sessions() > 0; });
  return any ? workshop_.trouble() : "no session with a reporter";
}

}  // namespace pullwire::republisher
