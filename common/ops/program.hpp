// The frame of an executable: how it starts, ends, and tells its supervisor.
#pragma once

#include <functional>
#include <string_view>

namespace pullwire {

inline constexpr int kExitWorld = 1;          ///< anything that is not the operator's mistake
inline constexpr int kExitMisconfigured = 2;  ///< usage or configuration

/// Runs `body` and returns its exit code; to be all that main() does. What it
/// throws becomes one line on standard error ("reporter: WHAT") and
/// kExitMisconfigured for Misconfigured, kExitWorld for any other std::exception.
/// Before that: opens standard input, output and error on /dev/null where they
/// are closed, ignores SIGPIPE, and tunes the allocator.
int run_program(std::string_view name, const std::function<int()>& body);

/// Sends `state` ("READY=1", "STOPPING=1") to the socket that NOTIFY_SOCKET names,
/// a path or @abstract, as sd_notify(3) does; does nothing if it isn't set. A
/// failure is logged the first time and nothing else. Waits 1 s at most.
/// Not thread-safe.
void notify_supervisor(std::string_view state);

}  // namespace pullwire
