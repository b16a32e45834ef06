// Shows what the ingestor would read next, and leaves everything as it is.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "common/net/loop.hpp"
#include "ingestor/intake.hpp"

namespace pullwire::ingestor {

/// Prints the next `count` posts as JSON lines, in the form that `file:` reads, as they come;
/// until then, until all sources have ended, or until SIGINT or SIGTERM. It starts from a copy
/// of `state` (which an ingestor may be using), so that no cursor moves and nothing is seen.
/// Returns the exit code; throws std::runtime_error.
int preview(net::Loop& loop, const std::filesystem::path& state,
            std::vector<FilteredSource> sources, const std::vector<std::string>& hashtags,
            std::size_t count);

}  // namespace pullwire::ingestor
