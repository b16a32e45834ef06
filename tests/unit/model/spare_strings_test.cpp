#include "common/model/spare_strings.hpp"

#include "tests/catch.hpp"

using namespace pullwire;

TEST_CASE("a spare string is empty and keeps its memory", "[spare_strings]") {
  SpareStrings spares;
  CHECK(spares.take().empty());
  spares.give(std::string(1000, 'x'));
  const std::string again = spares.take();
  CHECK(again.empty());
  CHECK(again.capacity() >= 1000);
  CHECK(spares.take().capacity() < 1000);
}

TEST_CASE("no more is kept than is allowed", "[spare_strings]") {
  SpareStrings spares;
  spares.give(std::string(SpareStrings::kMostBytesEach + 1, 'x'));
  CHECK(spares.take().capacity() < SpareStrings::kMostBytesEach);
  constexpr std::size_t kMany = 2 * SpareStrings::kMostBytes / SpareStrings::kMostBytesEach;
  for (std::size_t i = 0; i < kMany; ++i) {
    spares.give(std::string(SpareStrings::kMostBytesEach, 'x'));
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < kMany; ++i) {
    const std::string spare = spares.take();
    if (spare.capacity() >= SpareStrings::kMostBytesEach) kept += spare.capacity();
  }
  CHECK(kept <= SpareStrings::kMostBytes);
  CHECK(kept > SpareStrings::kMostBytes / 2);
}
