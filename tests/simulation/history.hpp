// One history of a whole pipeline: posts flow, faults happen, everything ends well.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/world.hpp"

namespace pullwire::simulated {

/// One or two ingestors, one to four republishers, one reporter; at least 200 posts and 20
/// faults. `run` throws std::runtime_error that says what did not hold.
class History {
 public:
  explicit History(std::uint64_t seed);

  void run();

  /// How often what happened.
  [[nodiscard]] std::map<std::string, std::uint64_t> seen() const;
  [[nodiscard]] std::uint64_t posts() const;
  /// What everybody holds, a line each.
  [[nodiscard]] std::string describe() const;

 private:
  enum class Kind { Ingestor, Reporter, Republisher };
  struct Place {
    Kind kind;
    std::size_t source = 0;  // an ingestor's
    Time starts_at{};        // while nobody is there
    bool leaves = false;     // for good, once drained
  };

  void step(Time until);
  void start(std::size_t place);
  void kill(std::size_t place, Time absent);
  void look_after_places();
  void fault();
  void fault_of_a_process(std::size_t place);
  [[nodiscard]] std::size_t republishers() const;
  void join();
  void suspend(Time time);
  void end_sources();
  [[nodiscard]] bool everything_is_settled() const;
  void check_complete() const;
  void check_nothing_leaked();
  void farewell();

  World world_;
  std::vector<Place> places_;
  std::vector<std::unique_ptr<Process>> processes_;  // at each place, or nobody
  std::size_t faults_ = 0;
  Time disturbed_{};   // when the last fault was
  bool calm_ = false;  // the faults are over, and the sources have ended
};

}  // namespace pullwire::simulated
