// Each stage alone, its other ends being raw peers.
#pragma once

#include <string>
#include <vector>

#include "tests/harness/pipeline.hpp"

namespace pullwire::tests {

/// An ingestor with the posts simulated:1, simulated:2, … without end.
class LoneIngestor {
 public:
  explicit LoneIngestor(const std::vector<std::string>& flags = {});

  [[nodiscard]] std::string endpoint() const { return pipeline_.ingestor_endpoint(); }
  [[nodiscard]] double total(const std::string& metric, const std::string& labels = "") const {
    return Pipeline::total(pipeline_.ingestor_port(), metric, labels);
  }
  [[nodiscard]] Process& process() { return process_; }
  /// Killed, and started anew with the same state.
  void restart() {
    process_.kill();
    process_ = pipeline_.start_ingestor();
  }

 private:
  Pipeline pipeline_;
  Process process_;
};

/// A reporter with a SQLite database and a budget.
class LoneReporter {
 public:
  explicit LoneReporter(int max_demand);

  [[nodiscard]] std::string endpoint() const { return pipeline_.reporter_endpoint(); }
  [[nodiscard]] double total(const std::string& metric, const std::string& labels = "") const {
    return Pipeline::total(pipeline_.reporter_port(), metric, labels);
  }
  [[nodiscard]] const Pipeline& pipeline() const { return pipeline_; }
  [[nodiscard]] Process& process() { return process_; }

 private:
  Pipeline pipeline_;
  Process process_;
};

/// A republisher with the target "null", at most ten posts in flight.
class LoneRepublisher {
 public:
  /// `uri` and `formats` of the target, as in TOML.
  explicit LoneRepublisher(const std::string& uri = "null:",
                           const std::string& formats = "\"text\"",
                           const std::vector<std::string>& flags = {});

  /// What it connects to.
  [[nodiscard]] std::string upstream() const { return pipeline_.ingestor_endpoint(); }
  [[nodiscard]] std::string downstream() const { return pipeline_.reporter_endpoint(); }
  [[nodiscard]] double total(const std::string& metric, const std::string& labels = "") const {
    return Pipeline::total(pipeline_.republisher_port(0), metric, labels);
  }
  [[nodiscard]] Process& process() { return process_; }

 private:
  Pipeline pipeline_;
  Process process_;
};

}  // namespace pullwire::tests
