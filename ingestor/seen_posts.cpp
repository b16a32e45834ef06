#include "ingestor/seen_posts.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>

#include <sodium.h>

namespace pullwire::ingestor {
namespace {

constexpr std::size_t kFirstSlots = 64;
constexpr std::size_t kMaxCapacity = std::size_t{1} << 31;

}  // namespace

SeenKey seen_key(std::string_view post_id) {
  // Chooses the fastest code for this machine; without it the portable one is used.
  static const int initialised = sodium_init();
  if (initialised < 0) throw std::runtime_error("libsodium cannot be initialised");
  SeenKey key;
  crypto_generichash(key.data(), key.size(), reinterpret_cast<const unsigned char*>(post_id.data()),
                     post_id.size(), nullptr, 0);
  return key;
}

SeenPosts::SeenPosts(std::size_t capacity) : capacity_{capacity}, slots_(kFirstSlots) {
  if (capacity == 0 || capacity >= kMaxCapacity) {
    throw std::invalid_argument("a memory for " + std::to_string(capacity) + " posts cannot be");
  }
}

bool SeenPosts::insert(const SeenKey& key) {
  if (slots_[find(key)] != 0) return false;
  std::size_t place = ring_.size();
  if (place < capacity_) {
    if ((ring_.size() + 1) * 2 > slots_.size()) grow();
    ring_.push_back(key);
  } else {
    place = oldest_;
    erase(find(ring_[place]));
    ring_[place] = key;
    oldest_ = (oldest_ + 1) % capacity_;
  }
  // Looked up again: growing and erasing move slots.
  std::size_t slot = home(key);
  while (slots_[slot] != 0) slot = (slot + 1) & (slots_.size() - 1);
  slots_[slot] = static_cast<std::uint32_t>(place + 1);
  return true;
}

bool SeenPosts::contains(const SeenKey& key) const {
  return slots_[find(key)] != 0;
}

std::size_t SeenPosts::home(const SeenKey& key) const {
  std::uint64_t front = 0;  // of a hash, so as good as any
  std::memcpy(&front, key.data(), sizeof front);
  return front & (slots_.size() - 1);
}

std::size_t SeenPosts::find(const SeenKey& key) const {
  std::size_t slot = home(key);
  while (slots_[slot] != 0 && ring_[slots_[slot] - 1] != key) {
    slot = (slot + 1) & (slots_.size() - 1);
  }
  return slot;
}

void SeenPosts::erase(std::size_t slot) {
  // Closes the gap: what stands behind it moves up unless that would put it before
  // its home (Knuth, The Art of Computer Programming 3, 6.4, algorithm R).
  const std::size_t mask = slots_.size() - 1;
  std::size_t gap = slot;
  for (std::size_t next = (gap + 1) & mask; slots_[next] != 0; next = (next + 1) & mask) {
    const std::size_t from_home = (next - home(ring_[slots_[next] - 1])) & mask;
    const std::size_t from_gap = (next - gap) & mask;
    if (from_home < from_gap) continue;
    slots_[gap] = slots_[next];
    gap = next;
  }
  slots_[gap] = 0;
}

void SeenPosts::grow() {
  slots_.assign(slots_.size() * 2, 0);
  ring_.reserve(std::min(capacity_, slots_.size() / 2));  // and never beyond the capacity
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t place = 0; place < ring_.size(); ++place) {
    std::size_t slot = home(ring_[place]);
    while (slots_[slot] != 0) slot = (slot + 1) & mask;
    slots_[slot] = static_cast<std::uint32_t>(place + 1);
  }
}

}  // namespace pullwire::ingestor
