// What operators see of a reporter. The rest of it: reporter.cpp.
#include <algorithm>
#include <utility>

#include "common/net/identity.hpp"
#include "reporter/reporter.hpp"

namespace pullwire::reporter {
namespace {

using namespace std::chrono_literals;

double seconds_between(Timestamp from, Timestamp to) {
  return static_cast<double>(to.micros - from.micros) / 1e6;
}

}  // namespace

const std::vector<double>& Reporter::commit_buckets() {
  static const std::vector<double> buckets{0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05,
                                           0.1,    0.2,   0.5,   1,     2,    5};
  return buckets;
}

const std::vector<double>& Reporter::end_to_end_buckets() {
  static const std::vector<double> buckets{0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1,
                                           2,     5,    10,   30,   60,  300, 3600};
  return buckets;
}

void Reporter::count(const Batch& batch) {
  commit_seconds_.Observe(std::chrono::duration<double>(batch.took).count());
  const auto repeated = [&](const char* flag) -> Counter& {
    return metrics_.counter("publications_repeated_total", "Records of what was recorded before",
                            {{"redelivered", flag}});
  };
  repeated("true").Increment(static_cast<double>(batch.repeats.flagged));
  repeated("false").Increment(static_cast<double>(batch.repeats.unflagged));
  const Timestamp now = wall_clock();
  struct Label {
    std::string_view target;
    std::string_view format;
    Status status;
    auto operator<=>(const Label&) const = default;
  };
  std::vector<std::pair<Label, std::size_t>> counts;  // a few
  Observations ages{end_to_end_buckets()};
  for (const Record& record : batch.records) {
    const Publication& publication = record.publication;
    const Label label{publication.target, publication.format, publication.status};
    auto count = std::find_if(counts.begin(), counts.end(),
                              [&](const auto& known) { return known.first == label; });
    if (count == counts.end()) count = counts.insert(counts.end(), {label, 0});
    ++count->second;
    ages.add(seconds_between(publication.ingested_at, now));
  }
  ages.move_to(end_to_end_seconds_);
  for (const auto& [label, count] : counts) {
    metrics_
        .counter("publications_total", "Publications recorded, by how they ended",
                 {{"target", std::string{label.target}},
                  {"format", std::string{label.format}},
                  {"status", std::string{to_text(label.status)}}})
        .Increment(static_cast<double>(count));
    overview_.recorded(label.status, count);
  }
}

/// Our own report, beside what comes with the heartbeats.
void Reporter::report() {
  const net::Time now = loop_.now();
  wire::StageReport own;
  own.stage = "reporter";
  own.name = net::process_name("reporter");
  own.instance = instance_;
  own.uptime_us = static_cast<std::uint64_t>((now - started_) / 1us);
  own.sessions = link_.sessions();
  own.credit = consumer_.credit();
  own.in_flight = consumer_.in_flight();
  own.held = own.in_flight;
  own.events = overview_.recorded_total();
  own.busy_us = busy_.micros(now);
  own.redelivered = link_metrics_.redelivered_total();
  own.trouble = store_error_;
  overview_.take_own(own, now);
  loop_.at(now + flow::kHeartbeatEvery / 2, [this] { this->report(); });
}

/// What one republisher was told by a platform counts for all.
std::string Reporter::word_to_republishers() const {
  wire::StageReport own;
  own.closed = overview_.closed(loop_.now());
  if (own.closed.empty()) return "";
  own.stage = "reporter";
  own.instance = instance_;
  return wire::encode_reports({own});
}

void Reporter::before_scrape() {
  link_metrics_.show(consumer_.credit(), consumer_.in_flight());
}

std::string Reporter::not_ready() const {
  if (!store_error_.empty()) return "the database does not take records: " + store_error_;
  if (draining_) return "draining";
  if (link_.sessions() == 0) return "no republisher has a session";
  return "";
}

}  // namespace pullwire::reporter
