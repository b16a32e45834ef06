// A pipeline as an operator has it: started by scripts/run, resized by scripts/pipeline.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/harness/pipeline.hpp"

namespace pullwire::tests {

class Launched {
 public:
  /// Starts all processes of `pipeline`'s configuration; they end with this object.
  Launched(const Pipeline& pipeline, int republishers);

  /// `scripts/pipeline scale`; returns whether it went well.
  bool scale(int republishers);

  /// As Ctrl-C does; returns the exit code of scripts/run.
  std::optional<int> finish();

  /// What the scripts have written so far.
  [[nodiscard]] std::string output() const;

 private:
  std::vector<std::string> run_dir_;
  std::filesystem::path scale_log_;
  Process run_;
};

}  // namespace pullwire::tests
