// cost SESSIONS MAX_DEMAND EVENTS: passes so many events through the core. For a profiler
// that counts instructions.
#include <cstdio>
#include <string>

#include "tests/cost/core.hpp"

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("usage: cost SESSIONS MAX_DEMAND EVENTS\n", stderr);
    return 2;
  }
  pullwire::cost::Core core{std::stoul(argv[1]), static_cast<std::uint32_t>(std::stoul(argv[2]))};
  core.pass(std::stoull(argv[3]));
  return 0;
}
