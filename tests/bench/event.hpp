// The event of the relay benchmarks: a number, the time of its making, and 280 bytes.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace pullwire::bench {

inline constexpr std::size_t kBodyBytes = 280;

/// Writes an event into `bytes`, whose memory is used again.
inline void make_event(std::uint64_t number, std::uint64_t time, std::string& bytes) {
  bytes.resize(2 * sizeof(std::uint64_t) + kBodyBytes, 'x');
  std::memcpy(bytes.data(), &number, sizeof number);
  std::memcpy(bytes.data() + sizeof number, &time, sizeof time);
}

inline std::string make_event(std::uint64_t number, std::uint64_t time) {
  std::string bytes;
  make_event(number, time, bytes);
  return bytes;
}

inline std::uint64_t time_of(std::string_view event) {
  std::uint64_t time = 0;
  std::memcpy(&time, event.data() + sizeof time, sizeof time);
  return time;
}

}  // namespace pullwire::bench
