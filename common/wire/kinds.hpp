// The head of every message: what the encoder and the decoder agree on.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pullwire::wire {

enum class Kind : std::uint8_t {
  Hello = 1,
  Welcome = 2,
  Data = 3,
  Credit = 4,
  Heartbeat = 5,
  Drain = 6,
  Drained = 7,
  Bye = 8,
  Error = 9,
};

constexpr std::size_t kHeadBytes = 4;
constexpr char kFormat = 1;  // changes only if older readers cannot skip what is new

}  // namespace pullwire::wire
