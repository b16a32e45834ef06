#include "tests/fuzz/memory.hpp"

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>

#include <malloc.h>

namespace pullwire::fuzz {
namespace {

std::atomic<std::size_t> in_use{0};
std::atomic<std::size_t> bound{SIZE_MAX};

void* allocate(std::size_t size) {
  void* memory = std::malloc(size > 0 ? size : 1);
  if (memory == nullptr) std::abort();
  in_use += malloc_usable_size(memory);
  if (in_use > bound) {
    bound = SIZE_MAX;
    std::fprintf(stderr, "an input took more memory than is allowed: %zu bytes at once\n", size);
    std::abort();
  }
  return memory;
}

void release(void* memory) noexcept {
  if (memory != nullptr) in_use -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

MemoryBound::MemoryBound(std::size_t bytes) {
  bound = in_use + bytes;
}

MemoryBound::~MemoryBound() {
  bound = SIZE_MAX;
}

}  // namespace pullwire::fuzz

// All forms: a sanitizer's own must not meet ours.
void* operator new(std::size_t size) {
  return pullwire::fuzz::allocate(size);
}
void* operator new[](std::size_t size) {
  return pullwire::fuzz::allocate(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return pullwire::fuzz::allocate(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return pullwire::fuzz::allocate(size);
}
void operator delete(void* memory) noexcept {
  pullwire::fuzz::release(memory);
}
void operator delete[](void* memory) noexcept {
  pullwire::fuzz::release(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  pullwire::fuzz::release(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  pullwire::fuzz::release(memory);
}
