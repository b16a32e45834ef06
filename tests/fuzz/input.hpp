// What a fuzzer gives, taken for numbers and bytes. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pullwire::fuzz {

/// Gives zeros once the bytes are used up.
class Input {
 public:
  explicit Input(std::string_view bytes) : rest_{bytes} {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }

  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }

  /// 0 … `count` - 1.
  std::size_t below(std::size_t count) { return byte() % count; }

  std::string_view bytes(std::size_t count) {
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(taken.size());
    return taken;
  }

  /// Mostly something near `base`, sometimes one of the ends of the number range.
  std::uint64_t near(std::uint64_t base) {
    const std::uint8_t value = byte();
    if (value == 0x80) return UINT64_MAX;
    if (value == 0x81) return 0;
    if (value == 0x82) return UINT64_MAX - base;
    return base + value - (value > 0x82 ? 0x100U : 0U);  // wraps around, on purpose
  }

 private:
  std::string_view rest_;
};

}  // namespace pullwire::fuzz
