// The whole pipeline as the reporter knows it: its own figures and what travels with the
// heartbeats. Pure: the time is an argument. Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/flow/messages.hpp"
#include "common/model/publication.hpp"
#include "common/wire/gauges.hpp"

namespace pullwire::reporter {

class Overview {
 public:
  using Time = std::chrono::nanoseconds;

  /// The reports that came with a heartbeat. What is none is left out: a newer
  /// republisher may send what this version does not know.
  void take(flow::SessionId session, std::string_view bytes, Time now);
  void take_own(const wire::StageReport& report, Time now);
  void forget(flow::SessionId session);

  void recorded(Status status, std::size_t publications);
  [[nodiscard]] std::uint64_t recorded_total() const;

  /// Targets that are closed, as the republishers say, for the longest that one of them says.
  [[nodiscard]] std::vector<wire::Closure> closed(Time now) const;

  /// /api/status.
  [[nodiscard]] std::string json(Time now) const;

  /// Who limits the speed: "source", "republisher", "reporter", or "unknown" while
  /// there is no republisher or no ingestor. It is whoever is busy for the largest part of
  /// the last seconds; for the source that is the time in which it had credit to spare.
  [[nodiscard]] std::string_view limiting(Time now) const;

 private:
  /// The last seconds of one process.
  struct Stage {
    wire::StageReport last;
    Time heard{};
    flow::SessionId session = 0;
    std::deque<wire::StageReport> window;  ///< oldest first, over kWindow

    [[nodiscard]] double events_per_second() const;
    [[nodiscard]] double busy() const;
    [[nodiscard]] double blocked() const;
    [[nodiscard]] double share(std::uint64_t wire::StageReport::*total) const;
  };

  void add(const wire::StageReport& report, flow::SessionId session, Time now);
  [[nodiscard]] static bool fresh(const Stage& stage, Time now);

  std::map<flow::Instance, Stage> stages_;
  std::map<Status, std::uint64_t> recorded_;
};

/// A text of several lines in one, for logs and errors.
std::string one_line(std::string_view lines);

}  // namespace pullwire::reporter
