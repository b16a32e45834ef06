#include "ingestor/seen_posts.hpp"

#include <deque>
#include <random>
#include <set>
#include <string>

#include "tests/catch.hpp"

using namespace pullwire::ingestor;

namespace {

/// Keys that differ in their last byte alone begin their search in the same slot.
SeenKey crowded_key(unsigned number) {
  SeenKey key{};
  key[0] = static_cast<std::uint8_t>(number % 3);
  key[15] = static_cast<std::uint8_t>(number);
  return key;
}

SeenKey any_key(unsigned number) {
  return seen_key("post:" + std::to_string(number));
}

}  // namespace

TEST_CASE("a key is BLAKE2b-128 of the id", "[seen]") {
  // Of the empty message; computed with Python's hashlib.blake2b(b"", digest_size=16).
  const SeenKey empty{0xca, 0xe6, 0x69, 0x41, 0xd9, 0xef, 0xbd, 0x40,
                      0x4e, 0x4d, 0x88, 0x75, 0x8e, 0xa6, 0x76, 0x70};
  CHECK(seen_key("") == empty);
  CHECK(seen_key("file:1") != seen_key("file:2"));
}

TEST_CASE("the newest keys are remembered and the oldest make room", "[seen]") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 engine{seed};
  std::uniform_int_distribution<unsigned> random{0, 249};
  for (const auto make : {crowded_key, any_key}) {
    for (const std::size_t capacity : {1u, 2u, 31u, 32u, 33u, 64u, 100u}) {
      CAPTURE(capacity);
      SeenPosts seen{capacity};
      std::set<SeenKey> expected;
      std::deque<SeenKey> order;
      for (int i = 0; i < 5'000; ++i) {
        const SeenKey key = make(random(engine));
        const bool is_new = expected.insert(key).second;
        if (is_new) order.push_back(key);
        if (order.size() > capacity) {
          expected.erase(order.front());
          order.pop_front();
        }
        REQUIRE(seen.insert(key) == is_new);
        REQUIRE(seen.size() == order.size());
        const SeenKey other = make(random(engine));
        REQUIRE(seen.contains(other) == expected.contains(other));
      }
    }
  }
}

TEST_CASE("a memory without room is refused", "[seen]") {
  CHECK_THROWS_AS(SeenPosts{0}, std::invalid_argument);
}
