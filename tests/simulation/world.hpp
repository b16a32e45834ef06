// What outlives the processes of a history: disks, and the truth about every post.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/simulation/network.hpp"

namespace pullwire::simulated {

/// A database: one transaction at a time. One that is under way when its process dies has
/// reached the disk without a word, or is gone.
template <class Change>
struct Disk {
  std::optional<Change> under_way;
  Time trouble_until{};  ///< full, or locked by another: nothing can be written

  template <class Apply>
  void lose_power(bool late, const Apply& apply) {
    if (under_way && late) apply(*under_way);
    under_way.reset();
  }
};

/// What an ingestor's state file says.
struct State {
  std::uint64_t cursor = 1;  ///< number of the first post that is not settled
  std::string settled;       ///< above it (ingestor/cursor.hpp)
  std::uint64_t sent = 0;    ///< so many posts from there on may have been sent
};

/// A source, and what became of its posts. They are numbered 1, 2, 3, …
struct Source {
  State state;
  Disk<State> disk;
  std::uint64_t given = 0;           ///< the newest number that was read
  std::optional<std::uint64_t> end;  ///< the last one there is
  std::shared_ptr<End> ingestor;     ///< who listens, dead or alive
  [[nodiscard]] bool done() const { return end && state.cursor > *end; }
};

/// Nobody hangs, is cut off or held up for longer.
inline constexpr Time kLongestFault = 4s;

inline constexpr EventTag kSource = 1'000'000;  // times its index, plus the number: a post

struct World : Network {
  using Network::Network;

  // Fixed for a history:
  std::uint32_t demand = 0;     ///< max_demand of each republisher
  std::uint32_t budget = 0;     ///< of the reporter
  std::uint64_t max_span = 0;   ///< of each ingestor
  std::size_t concurrency = 0;  ///< publications under way in a republisher
  std::set<EventTag> poison;    ///< posts that kill who begins them

  std::size_t republishers = 0;  ///< how many there are, once nobody comes or goes
  std::vector<Source> sources;
  std::set<std::string> stored;   ///< records, durable
  std::set<std::string> flagged;  ///< of them: as redelivered
  Disk<std::vector<std::pair<std::string, bool>>> database;
  std::shared_ptr<End> reporter;

  std::set<EventTag> begun;            ///< posts, by republishers
  std::map<SessionId, Time> given_up;  ///< sessions, by their ingestor

  [[nodiscard]] std::uint64_t share() const { return budget / republishers; }
  void store(const std::vector<std::pair<std::string, bool>>& records) {
    for (const auto& [record, redelivered] : records) {
      stored.insert(record);
      if (redelivered) flagged.insert(record);
    }
  }
  /// A session of `link` began or ended; between honest peers never by a broken rule.
  void take(const Link::Change& change, const char* link) {
    if (const auto* ended = std::get_if<Link::Ended>(&change)) {
      ++seen[std::string{link} + ": " + ended->reason];
      for (const char* violation :
           {"malformed", "wrong_role", "credit_exceeded", "gap", "invalid"}) {
        expect(ended->reason != violation, violation);
      }
    }
  }
};

inline std::size_t records_of(EventTag post) {
  return 1 + post % 3;
}
inline std::string record(EventTag post, std::size_t part) {
  return std::to_string(post) + "/" + std::to_string(part);
}
inline bool is_stored(const World& world, EventTag post) {
  for (std::size_t part = 0; part < records_of(post); ++part) {
    if (!world.stored.contains(record(post, part))) return false;
  }
  return true;
}

std::unique_ptr<Process> make_ingestor(World& world, std::size_t source);
std::unique_ptr<Process> make_republisher(World& world);
std::unique_ptr<Process> make_reporter(World& world);

}  // namespace pullwire::simulated
