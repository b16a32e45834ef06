// The first stage: demand from republishers becomes posts from the sources.
//
// Producer of the link "posts". Lives on the loop's thread; its state is written by a
// worker. The way of a post: intake.hpp -> here -> flow/producer.hpp -> net.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/flow/link.hpp"
#include "common/flow/producer.hpp"
#include "common/flow/slots.hpp"
#include "common/net/link_socket.hpp"
#include "common/net/loop.hpp"
#include "common/net/worker.hpp"
#include "common/ops/http_server.hpp"
#include "common/ops/link_metrics.hpp"
#include "common/ops/metrics.hpp"
#include "common/ops/service.hpp"
#include "common/ops/time_in.hpp"
#include "common/wire/gauges.hpp"
#include "ingestor/intake.hpp"

namespace pullwire::ingestor {

struct Config {
  std::string bind;
  std::vector<std::string> hashtags;
  std::filesystem::path state;
  std::size_t seen_keep;
  std::size_t max_span;
  std::uint16_t max_attempts;
  bool exit_when_done;
  std::chrono::seconds drain_timeout;
  std::optional<HttpAddress> http;
};

class Ingestor {
 public:
  /// Opens everything that can fail at the start, on the loop on which the sources live. Throws
  /// std::runtime_error.
  Ingestor(net::Loop& loop, Config config, std::vector<FilteredSource> sources);

  /// Runs until drained, done or told to stop; returns the exit code.
  int run();

 private:
  void changed();
  void pump();
  void dispatch();
  void save_what_moved();
  void save_later(bool last);
  void save(bool last);
  void saved(bool last);
  void cancel_save();
  void maybe_finish();
  void drain();
  [[nodiscard]] std::string report() const;
  void before_scrape();
  [[nodiscard]] std::string not_ready() const;
  [[nodiscard]] std::size_t unsettled() const;

  net::Loop& loop_;
  Config config_;
  Metrics metrics_{"ingestor"};
  State state_;
  flow::Instance instance_;
  flow::Producer producer_;
  flow::Link link_;
  LinkMetrics link_metrics_;
  Gauge& cursor_lag_;
  flow::Slots<PostInHand> posts_;
  Intake intake_;
  Service service_;
  net::LinkSocket socket_;
  wire::DataEncoder encoder_;
  TimeIn blocked_;
  std::optional<net::Loop::TimerId> pull_timer_;
  std::optional<net::Loop::TimerId> save_timer_;
  std::string save_error_;
  net::Time started_;
  net::Time next_save_{};  // not before
  bool saving_ = false;
  bool draining_ = false;
  bool finishing_ = false;
  net::Worker writer_;  // last: its thread ends before what it uses
};

}  // namespace pullwire::ingestor
