// Allocations an event in the core and the codec. Counted, not timed: the same everywhere.
#include <atomic>
#include <cstdlib>
#include <new>

#include "common/model/post.hpp"
#include "common/model/publication.hpp"
#include "common/wire/events.hpp"
#include "tests/catch.hpp"
#include "tests/cost/core.hpp"

namespace {

std::atomic<std::uint64_t> allocations{0};

void* counted(std::size_t size) {
  ++allocations;
  void* memory = std::malloc(size > 0 ? size : 1);
  if (memory == nullptr) throw std::bad_alloc{};
  return memory;
}

}  // namespace

void* operator new(std::size_t size) {
  return counted(size);
}
void* operator new[](std::size_t size) {
  return counted(size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}

using namespace pullwire;

namespace {

template <class Work>
double allocations_each(std::uint64_t times, const Work& work) {
  const std::uint64_t before = allocations;
  work();
  return static_cast<double>(allocations - before) / static_cast<double>(times);
}

}  // namespace

TEST_CASE("an event in a batch costs next to no allocation", "[cost]") {
  for (const std::size_t sessions : {1U, 4U, 64U}) {
    cost::Core core{sessions, 1000};
    core.pass(100'000);
    const double each = allocations_each(100'000, [&] { core.pass(100'000); });
    CAPTURE(sessions, each);
    CHECK(each <= 0.25);
  }
}

TEST_CASE("an event that travels alone costs a bounded number of allocations", "[cost]") {
  for (const std::size_t sessions : {1U, 4U, 64U}) {
    cost::Core core{sessions, 1};
    core.pass(10'000);
    const double each = allocations_each(10'000, [&] { core.pass(10'000); });
    CAPTURE(sessions, each);
    CHECK(each <= 16);
  }
}

TEST_CASE("a post and its record are written and read with few allocations", "[cost]") {
  Post post;
  post.post_id = "simulated:123456789";
  post.source = "simulated";
  post.author = "ada";
  post.text = "#architecture A text that is long enough not to be kept in the string itself.";
  post.hashtags = {"architecture"};
  Publication publication;
  publication.post_id = post.post_id;
  publication.target = "site";
  publication.format = "text";
  constexpr std::uint64_t kTimes = 1000;
  std::string bytes;
  std::string record;
  Post post_read;
  Publication publication_read;
  const auto once = [&] {
    bytes.clear();
    wire::encode_post(post, bytes);
    REQUIRE(wire::decode_post(bytes, post_read));
    publication.post = bytes;
    record.clear();
    wire::encode_publication(publication, record);
    REQUIRE(wire::decode_publication(record, publication_read));
  };
  once();  // from then on all memory is used again
  const auto before = allocations.load();
  for (std::uint64_t i = 0; i < kTimes; ++i) {
    bytes.clear();
    wire::encode_post(post, bytes);
    const bool good = wire::decode_post(bytes, post_read);
    record.clear();
    wire::encode_publication(publication, record);
    if (!good || !wire::decode_publication(record, publication_read)) FAIL("cannot be read");
  }
  CHECK(allocations == before);
}
