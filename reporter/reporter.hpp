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
#include "common/flow/runs.hpp"
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
  /// Records on their way to the database.
  struct Batch {
    std::vector<Record> records;
    std::vector<net::MessageBytes> messages;  ///< what the records' strings are views into
    flow::Runs events;
    std::string error;
    Repeats repeats;
    net::Time took{};
  };

  void receive(const wire::Data& data, const net::MessageBytes& message);
  void changed();
  void pay();
  bool read(const wire::Data& data, std::vector<Record>& records);
  Batch& room_to_wait();
  [[nodiscard]] std::optional<net::Time> company_until() const;
  void commit();
  void try_commit(std::shared_ptr<Batch> batch);
  void committed(const std::shared_ptr<Batch>& batch);
  void count(const Batch& batch);
  static const std::vector<double>& commit_buckets();
  static const std::vector<double>& end_to_end_buckets();
  void maybe_finish();
  void report();
  void before_scrape();
  [[nodiscard]] std::optional<std::string> admit(const flow::Hello& hello);
  [[nodiscard]] std::string not_ready() const;
  [[nodiscard]] std::string word_to_republishers() const;

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
  std::string contract_;          // of the republishers that have a session
  std::deque<Batch> unpaid_;      // of one record each, waiting for the simulated cost
  std::deque<Batch> waiting_;     // for the commit under way, and for company
  net::Time due_{};               // when the first unpaid is paid
  net::Time waiting_since_{};     // the first of the waiting could be committed
  net::Time last_commit_{};       // how long it took
  std::size_t last_records_ = 0;  // of that
  bool all_came_ = false;         // all that was granted, since the last commit began
  std::optional<net::Loop::TimerId> company_timer_;
  TimeIn busy_;
  net::Time started_;
  std::string store_error_;
  bool committing_ = false;
  bool draining_ = false;
  net::Worker writer_;  // last: its thread ends before what it uses
};

}  // namespace pullwire::reporter
