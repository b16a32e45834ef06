// A bound on the memory that an input may cost, counted at every allocation.
#pragma once

#include <cstddef>

namespace pullwire::fuzz {

/// While it lives, whoever makes C++ allocate more than `bytes` beyond what was allocated
/// before ends the process, where it happens. One at a time.
class MemoryBound {
 public:
  explicit MemoryBound(std::size_t bytes);
  ~MemoryBound();
  MemoryBound(const MemoryBound&) = delete;
  MemoryBound& operator=(const MemoryBound&) = delete;
};

}  // namespace pullwire::fuzz
