// CHECK: an assertion that is on in every build.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace pullwire {

[[noreturn]] inline void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace pullwire

/// Ends the process if `condition` does not hold: for our own mistakes only, never
/// for what a peer, a file or an operator did.
#define CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::pullwire::check_failed(#condition, __FILE__, __LINE__))
