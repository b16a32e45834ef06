// Seeded histories of a whole pipeline on the pure core. PULLWIRE_SEED repeats one history,
// PULLWIRE_HISTORIES sets how many there are.
#include <cstdlib>
#include <stdexcept>

#include "tests/catch.hpp"
#include "tests/sanitized.hpp"
#include "tests/simulation/history.hpp"

using namespace pullwire::simulated;

namespace {

constexpr std::uint64_t kHistories = pullwire::tests::kSanitized ? 60 : 500;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::stoull(text);
}

void play(std::uint64_t seed, std::map<std::string, std::uint64_t>& seen) {
  INFO("repeat it with PULLWIRE_SEED=" << seed);
  History history{seed};
  try {
    history.run();
  } catch (const std::runtime_error& error) {
    FAIL(error.what() << ", " << history.describe());
  }
  for (const auto& [what, count] : history.seen()) seen[what] += count;
  seen["posts"] += history.posts();
}

/// What histories are made for: a run in which one of these never happens shows nothing.
constexpr const char* kToBeSeen[] = {"clock jump",
                                     "commit failed",
                                     "credit asked back",
                                     "cut off",
                                     "drained",
                                     "frame from the past",
                                     "frame twice",
                                     "give up",
                                     "hung",
                                     "joined",
                                     "kill",
                                     "late commit",
                                     "late write",
                                     "older handshake refused",
                                     "poison",
                                     "posts: replaced",
                                     "publications: silent",
                                     "released",
                                     "state not written",
                                     "suspended",
                                     "to an ingestor: unknown_session",
                                     "torn commit",
                                     "torn write"};

}  // namespace

TEST_CASE("whatever happens to a pipeline, every post is stored and settled", "[pipeline]") {
  std::map<std::string, std::uint64_t> seen;
  const std::uint64_t only = number_from("PULLWIRE_SEED", 0);
  if (only != 0) return play(only, seen);
  const std::uint64_t histories = number_from("PULLWIRE_HISTORIES", kHistories);
  for (std::uint64_t seed = 1; seed <= histories; ++seed) play(seed, seen);
  std::string counts;
  for (const auto& [what, count] : seen)
    counts += "  " + what + ": " + std::to_string(count) + "\n";
  if (std::getenv("PULLWIRE_HISTORIES") != nullptr) WARN(histories << " histories\n" << counts);
  for (const char* what : kToBeSeen) {
    INFO(what);
    CHECK(seen[what] > 0);
  }
}
