// Remembers which posts were settled, as short keys, in memory. Not thread-safe.
// What of it is durable: state.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace pullwire::ingestor {

/// Stands for a post_id: 128 bits, so that among 10^9 ids two collide with a
/// probability of 10^-21 (birthday bound).
using SeenKey = std::array<std::uint8_t, 16>;

/// BLAKE2b-128 of the id. From any thread.
SeenKey seen_key(std::string_view post_id);

/// The newest keys, at most `capacity`; the oldest makes room for the next.
/// Memory grows with its content, at most 64 bytes a key while it grows, 32 once
/// it is full.
class SeenPosts {
 public:
  /// 0 < capacity < 2^31.
  explicit SeenPosts(std::size_t capacity);

  /// Returns false, changing nothing (not even its age), if the key is there.
  bool insert(const SeenKey& key);
  [[nodiscard]] bool contains(const SeenKey& key) const;

  [[nodiscard]] std::size_t size() const noexcept { return ring_.size(); }

 private:
  // Open addressing with linear probing over places in the ring: an entry is the
  // place + 1, or 0 where free. At most half of the slots are taken.
  [[nodiscard]] std::size_t home(const SeenKey& key) const;
  [[nodiscard]] std::size_t find(const SeenKey& key) const;  // its slot, or the free one for it
  void erase(std::size_t slot);
  void grow();

  std::size_t capacity_;
  std::vector<SeenKey> ring_;  // fills up, then `oldest_` goes round
  std::size_t oldest_ = 0;
  std::vector<std::uint32_t> slots_;  // a power of two
};

}  // namespace pullwire::ingestor
