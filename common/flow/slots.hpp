// A table of things in hand, each under a tag that is used again later.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "common/flow/check.hpp"

namespace pullwire::flow {

/// Keeps values under small numbers; all functions are O(1), references stay valid
/// until the value is taken. Memory is that of the most values ever held at once, and, after
/// `leave`, of whatever was left in their places.
template <class T>
class Slots {
 public:
  std::uint64_t add(T value) {
    if (free_.empty()) {
      ++size_;
      slots_.push_back(std::move(value));
      return slots_.size() - 1;
    }
    const std::uint64_t tag = reuse();
    slots_[tag] = std::move(value);
    return tag;
  }

  T& operator[](std::uint64_t tag) {
    CHECK(tag < slots_.size());
    return slots_[tag];
  }

  T take(std::uint64_t tag) {
    T value = std::exchange((*this)[tag], T{});
    free_.push_back(tag);
    --size_;
    return value;
  }

  /// Like `add`, but the value is whatever `leave` or `take` left there: for values whose
  /// memory is worth using again.
  std::uint64_t reuse() {
    if (free_.empty()) return add(T{});
    ++size_;
    const std::uint64_t tag = free_.back();
    free_.pop_back();
    return tag;
  }

  /// Gives the tag back without touching the value.
  void leave(std::uint64_t tag) {
    CHECK(tag < slots_.size());
    free_.push_back(tag);
    --size_;
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  std::deque<T> slots_;
  std::vector<std::uint64_t> free_;
  std::size_t size_ = 0;
};

}  // namespace pullwire::flow
