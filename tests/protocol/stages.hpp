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

 private:
  Pipeline pipeline_;
  Process process_;
};

}  // namespace pullwire::tests
