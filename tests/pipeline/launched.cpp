#include "tests/pipeline/launched.hpp"

#include <csignal>

#include "tests/pipeline/support.hpp"

namespace pullwire::tests {
namespace {

/// Beyond the 30 s that the launcher waits for readiness, and the 35 s for a drain.
constexpr auto kPatience = 70s;

const std::filesystem::path kScripts{PULLWIRE_SCRIPTS};

std::vector<std::string> environment() {
  return {"PIPELINE_BIN=" + executable("ingestor").parent_path().string()};
}

}  // namespace

Launched::Launched(const Pipeline& pipeline, int republishers)
    : run_dir_{"--run-dir", (pipeline.dir() / "run").string()},
      scale_log_{pipeline.dir() / "scale.log"},
      run_{kScripts / "run",
           {"--config", pipeline.config_file(), "--republishers", std::to_string(republishers),
            run_dir_[0], run_dir_[1]},
           pipeline.dir() / "run.log",
           environment()} {}

bool Launched::scale(int republishers) {
  Process scale{kScripts / "pipeline",
                {"scale", std::to_string(republishers), run_dir_[0], run_dir_[1]},
                scale_log_,
                environment()};
  return scale.wait(kPatience) == 0;
}

std::optional<int> Launched::finish() {
  run_.signal(SIGINT);
  return run_.wait(kPatience);
}

std::string Launched::output() const {
  return run_.output() + (std::filesystem::exists(scale_log_) ? read_file(scale_log_) : "");
}

}  // namespace pullwire::tests
