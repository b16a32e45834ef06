// One link's end as metrics and log lines: what operators see of sessions and credit.
// Lives on the loop's thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/flow/link.hpp"
#include "common/flow/producer.hpp"
#include "common/ops/metrics.hpp"

namespace pullwire {

class LinkMetrics {
 public:
  /// `link`: "posts" or "publications".
  LinkMetrics(Metrics& metrics, std::string_view link);

  /// Logs and counts what happened to sessions.
  void take(const flow::Link::Change& change);

  void sent(std::size_t events, std::size_t redelivered);
  void received(std::size_t events, std::size_t redelivered);

  /// Brings the gauges up to date; before a scrape.
  void show(const flow::Producer& producer, double blocked_seconds);
  /// As consumer: granted and not received; received and not settled.
  void show(std::uint64_t credit, std::uint64_t in_flight);

  [[nodiscard]] std::uint64_t redelivered_total() const { return redelivered_total_; }
  [[nodiscard]] std::size_t sessions() const { return sessions_open_; }

  /// As consumer: settled with this outcome.
  void settled(flow::Outcome outcome, std::size_t events);

 private:
  Metrics& metrics_;
  std::string link_;
  Counter& sent_;
  Counter& received_;
  Counter& redelivered_;
  Counter& accepted_;
  Counter& released_;
  Counter& blocked_;
  Gauge& credit_;
  Gauge& in_flight_;
  Gauge& sessions_;
  std::size_t sessions_open_ = 0;
  std::uint64_t redelivered_total_ = 0;
};

}  // namespace pullwire
