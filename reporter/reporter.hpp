// The last stage: publication records become rows, and only then is a post done.
//
// Consumer of the link "publications", with one budget for all republishers. Lives on
// the loop's thread; commits are a worker's.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/flow/consumer.hpp"
#include "common/flow/link.hpp"
#include "common/net/link_socket.hpp"
#include "common/net/loop.hpp"
#include "common/net/worker.hpp"
#include "common/ops/http_server.hpp"
#include "common/ops/link_metrics.hpp"
#include "common/ops/service.hpp"
#include "common/ops/time_in.hpp"
#include "reporter/overview.hpp"
#include "reporter/store/store.hpp"

namespace pullwire::reporter {

struct Config {
  std::string bind;
  flow::Consumer::Demand demand;
  std::chrono::nanoseconds cost;  ///< simulated, of one publication
  std::chrono::seconds drain_timeout;
  std::optional<HttpAddress> http;
  std::string database;  ///< for the log
};

class Reporter {
 public:
  Reporter(Config config, std::unique_ptr<Store> store);

  int run();

 private:
  /// A record that was received and is not settled.
  struct Entry {
    flow::SessionId session = 0;
    flow::Seq seq = 0;
    Publication publication;
    net::MessageBytes bytes;  ///< what the publication's strings are views into
  };
  /// Entries on their way to the database.
  struct Batch {
    std::vector<Entry> entries;
    std::vector<Record> records;
    std::string error;
    Repeats repeats;
    double seconds = 0;
  };

  void receive(const wire::Data& data, const net::MessageBytes& bytes);
  void changed();
  void pay();
  void commit();
  void try_commit(std::shared_ptr<Batch> batch);
  void committed(const std::shared_ptr<Batch>& batch);
  void count(const Batch& batch);
  void maybe_finish();
  void report();
  void before_scrape();
  [[nodiscard]] std::optional<std::string> admit(const flow::Hello& hello);
  [[nodiscard]] std::string not_ready() const;

  Config config_;
  net::Loop loop_;
  Metrics metrics_{"reporter"};
  std::unique_ptr<Store> store_;
  flow::Instance instance_;
  flow::Consumer consumer_;
  flow::Link link_;
  LinkMetrics link_metrics_;
  Histogram& commit_seconds_;
  Histogram& end_to_end_seconds_;
  Overview overview_;
  Service service_;
  net::LinkSocket socket_;
  std::string contract_;        // of the republishers that have a session
  std::deque<Entry> unpaid_;    // waiting for the simulated cost
  std::vector<Entry> waiting_;  // waiting for the commit under way
  net::Time due_{};             // when the first unpaid is paid
  TimeIn busy_;
  net::Time started_;
  std::string store_error_;
  bool committing_ = false;
  bool draining_ = false;
  net::Worker writer_;  // last: its thread ends before what it uses
};

}  // namespace pullwire::reporter
