// Strings whose memory is used again.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace pullwire {

/// Events come and go by the thousand; an allocator spends more time on the bytes of one
/// than it takes to copy them. Keeps at most `kMostBytes`. Not thread-safe.
class SpareStrings {
 public:
  static constexpr std::size_t kMostBytes = 8 * 1024 * 1024;
  static constexpr std::size_t kMostBytesEach = 4 * 1024;

  /// An empty string.
  [[nodiscard]] std::string take() {
    if (spares_.empty()) return {};
    std::string spare = std::move(spares_.back());
    spares_.pop_back();
    bytes_ -= spare.capacity();
    return spare;
  }

  void give(std::string spare) {
    if (spare.capacity() > kMostBytesEach || bytes_ + spare.capacity() > kMostBytes) return;
    spare.clear();
    bytes_ += spare.capacity();
    spares_.push_back(std::move(spare));
  }

 private:
  std::vector<std::string> spares_;
  std::size_t bytes_ = 0;
};

}  // namespace pullwire
