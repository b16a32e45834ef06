// A compressed file: however its bytes and its text are cut into pieces, the same text comes out,
// into memory that does not grow with it.
#include <algorithm>
#include <array>
#include <functional>
#include <string_view>

#include "common/flow/check.hpp"
#include "ingestor/sources/inflater.hpp"
#include "tests/fuzz/memory.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace pullwire;

constexpr std::size_t kMostText = 64 * 1024;  // a few bytes can be a thousand times as many

struct Text {
  std::size_t size = 0;
  std::size_t hash = 0;
  bool broken = false;
  bool inside_member = false;

  friend bool operator==(const Text&, const Text&) = default;
};

/// `cut`: how many bytes go in and come out at a time.
Text inflate(std::string_view input, std::size_t cut) {
  std::array<char, 64> buffer{};
  Text text;
  ingestor::Inflater inflater;
  while (!inflater.broken() && text.size < kMostText) {
    if (inflater.needs_input()) {
      if (input.empty()) break;
      inflater.feed(input.substr(0, cut));
      input.remove_prefix(std::min(cut, input.size()));
    }
    const std::size_t count = inflater.inflate(buffer.data(), std::min(cut, buffer.size()));
    CHECK(count <= cut);
    for (std::size_t i = 0; i < count; ++i) {
      if (text.size++ < kMostText) {
        text.hash = text.hash * 31 + static_cast<unsigned char>(buffer[i]);
      }
    }
  }
  if (text.size >= kMostText) return {.size = kMostText, .hash = text.hash};
  text.broken = inflater.broken();
  text.inside_member = inflater.inside_member();
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input{reinterpret_cast<const char*>(bytes), size};
  const fuzz::MemoryBound bound{64 * 1024};
  CHECK(inflate(input, 64) == inflate(input, 1 + (size > 0 ? bytes[size - 1] % 7U : 0)));
  return 0;
}
