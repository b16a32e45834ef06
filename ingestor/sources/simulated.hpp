// Generated posts (`simulated:?rate=R&count=N&bytes=B&cost_ms=C`), to try and measure a pipeline.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingestor/sources/source.hpp"

namespace pullwire::ingestor {

struct SimulatedOptions {
  double rate = 0;          ///< posts a second, at most 1e9; 0: as fast as asked
  std::uint64_t count = 0;  ///< number of the last post, at most 1e18; 0: endless
  std::size_t bytes = 280;  ///< of a post's text, at most 256 KiB
  Time cost{0};             ///< of fetching one post, at most an hour
};

/// Reads "?rate=R&count=N&bytes=B&cost_ms=C", each at most once, or "". Throws
/// std::invalid_argument that names the option (ops/query.hpp).
SimulatedOptions parse_simulated_options(std::string_view text);

/// Posts numbered from 1; the number is the id, the position and the cursor. A post is a
/// function of its number and the hashtags alone: number n has the hashtag n - 1, counted
/// round, and a text of exactly `bytes` bytes, or more if the hashtag needs more.
///
/// With a rate, the n-th post since the start appears (n - 1) / rate seconds after the first
/// `pull`, whoever asks, so that a backlog can be fetched at once. With a cost, fetching a post
/// begins when it is asked for and there, and ends `cost` later; the next one begins then, not
/// at the time of the call, as long as more are wanted. Never gives more than `wanted`, nor
/// more than 500 posts or 1 MiB of text at once.
std::unique_ptr<Source> make_simulated_source(std::string name, const SimulatedOptions& options,
                                              const std::vector<std::string>& hashtags);

}  // namespace pullwire::ingestor
