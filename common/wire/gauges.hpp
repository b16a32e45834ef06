// What a stage reports of itself, travelling downstream with the heartbeats, so that
// the reporter knows the whole pipeline. Functions may be called from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/flow/messages.hpp"

namespace pullwire::wire {

/// A target that takes nothing from anybody, by its platform's word, for so long from now on.
struct Closure {
  std::string target;
  std::uint64_t for_us = 0;

  friend bool operator==(const Closure&, const Closure&) = default;
};

inline constexpr std::size_t kMaxClosures = 64;

/// Totals count from the process's start, so that a lost report does no harm.
struct StageReport {
  std::string stage;  ///< "ingestor", "republisher"
  std::string name;
  flow::Instance instance{};
  std::uint64_t uptime_us = 0;
  std::uint64_t sessions = 0;     ///< live, on the links of the stage
  std::uint64_t credit = 0;       ///< may be sent downstream now
  std::uint64_t in_flight = 0;    ///< sent downstream and not settled
  std::uint64_t held = 0;         ///< received (or read) and not settled upstream
  std::uint64_t events = 0;       ///< total settled upstream (ingestor: settled by consumers)
  std::uint64_t busy_us = 0;      ///< total time with own work under way
  std::uint64_t blocked_us = 0;   ///< total time without credit and with something to send
  std::uint64_t redelivered = 0;  ///< total sent again
  std::uint64_t read = 0;         ///< ingestor: posts read, filtered ones not counted
  std::uint64_t filtered = 0;
  std::uint64_t skipped = 0;
  std::string trouble;  ///< with the world outside (a source, a target), in a line; "" if none
  std::vector<Closure> closed;  ///< travels with the first report of a list only

  friend bool operator==(const StageReport&, const StageReport&) = default;
};

inline constexpr std::size_t kMaxReports = 256;

/// At most kMaxReports of them, kMaxClosures, and of each name what fits: never more than a
/// heartbeat carries.
std::string encode_reports(const std::vector<StageReport>& reports);

/// False if the bytes are no list of at most kMaxReports reports.
[[nodiscard]] bool decode_reports(std::string_view bytes, std::vector<StageReport>& reports);

}  // namespace pullwire::wire
