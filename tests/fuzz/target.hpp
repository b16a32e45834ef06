// What every fuzz target defines: tries one input, aborts if it finds a mistake.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace pullwire::fuzz {

/// How much memory an input may cost where nothing else bounds it, whatever it claims.
constexpr std::size_t memory_for(std::size_t input_bytes) {
  return 64 * 1024 + 32 * input_bytes;
}

}  // namespace pullwire::fuzz
