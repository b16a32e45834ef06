#include "ingestor/cursor.hpp"

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/catch.hpp"

using namespace pullwire::ingestor;

namespace {

std::string lowest(const Cursor& cursor) {
  return std::string{cursor.lowest_unsettled().value_or("none")};
}

}  // namespace

TEST_CASE("the cursor stays before the first post that is not settled", "[cursor]") {
  Cursor cursor;
  CHECK(lowest(cursor) == "none");
  CHECK(cursor.span() == 0);
  const auto a = cursor.read("10");
  const auto b = cursor.read("11");
  const auto c = cursor.read("15");
  CHECK((lowest(cursor) == "10" && cursor.span() == 3));
  cursor.settle(b);
  CHECK((lowest(cursor) == "10" && cursor.span() == 3));
  CHECK(cursor.settled_above().text() == "11");
  cursor.settle(a);
  CHECK((lowest(cursor) == "15" && cursor.span() == 1));
  CHECK(cursor.settled_above().text().empty());
  cursor.settle(c);
  CHECK((lowest(cursor) == "none" && cursor.span() == 0));
  CHECK(cursor.read("16") == c + 1);
  CHECK(lowest(cursor) == "16");
}

TEST_CASE("in whatever order posts settle, the cursor is the lowest unsettled", "[cursor]") {
  const unsigned seed = GENERATE(1U, 2U, 3U, 4U);
  CAPTURE(seed);
  std::mt19937 random{seed};
  Cursor cursor;
  std::set<std::uint64_t> open;
  std::set<std::uint64_t> settled;
  std::uint64_t next = 100;
  for (int step = 0; step < 2'000; ++step) {
    if (open.empty() || random() % 2 == 0) {
      CHECK(cursor.read(std::to_string(next)) == next - 100);
      open.insert(next++);
    } else {
      const auto post =
          std::next(open.begin(), static_cast<std::ptrdiff_t>(random() % open.size()));
      cursor.settle(*post - 100);
      settled.insert(*post);
      open.erase(post);
    }
    REQUIRE(lowest(cursor) == (open.empty() ? "none" : std::to_string(*open.begin())));
    REQUIRE(cursor.span() == (open.empty() ? 0 : next - *open.begin()));
  }
  const SettledNumbers above = cursor.settled_above();
  for (std::uint64_t number = 0; number < next + 10; ++number) {
    const bool expected = !open.empty() && number > *open.begin() && settled.contains(number);
    CHECK(above.contains(number) == expected);
  }
}

TEST_CASE("settled numbers are written as ranges and read back", "[cursor]") {
  SettledNumbers numbers;
  CHECK(numbers.text().empty());
  for (const std::uint64_t number : {3U, 12U, 13U, 14U, 42U, 44U, 45U}) numbers.add(number);
  CHECK(numbers.text() == "3,12-14,42,44-45");
  const auto again = SettledNumbers::parse(numbers.text());
  REQUIRE(again.has_value());
  CHECK(*again == numbers);
  CHECK((again->contains(3) && again->contains(13) && again->contains(45)));
  CHECK_FALSE(
      (again->contains(0) || again->contains(11) || again->contains(43) || again->contains(46)));
  CHECK(SettledNumbers::parse("")->text().empty());
}

TEST_CASE("settled numbers are joined, and forgotten from below", "[cursor]") {
  const auto joined = [](const char* a, const char* b) {
    SettledNumbers numbers = *SettledNumbers::parse(a);
    numbers.join(*SettledNumbers::parse(b));
    return numbers.text();
  };
  CHECK(joined("", "") == "");
  CHECK(joined("3-5", "") == "3-5");
  CHECK(joined("3-5,9", "6-8") == "3-9");
  CHECK(joined("3-9", "4,6-7,12") == "3-9,12");
  CHECK(joined("12", "3-5,9-10") == "3-5,9-10,12");
  CHECK(joined("18446744073709551615", "1,18446744073709551614") ==
        "1,18446744073709551614-18446744073709551615");
  SettledNumbers numbers = *SettledNumbers::parse("3-5,9,12-14");
  numbers.forget_below(4);
  CHECK(numbers.text() == "4-5,9,12-14");
  numbers.forget_below(13);
  CHECK(numbers.text() == "13-14");
  numbers.forget_below(15);
  CHECK(numbers.text().empty());
}

TEST_CASE("what is no list of ascending ranges is refused", "[cursor]") {
  for (const char* text : {"x", "1,", ",1", "1,,2", "1-", "-1", "2-1", "1-1", "1,2", "1-3,3", "5,1",
                           "1 ,3", "1-2-3", "99999999999999999999", "18446744073709551615,0"}) {
    CAPTURE(text);
    CHECK_FALSE(SettledNumbers::parse(text).has_value());
  }
}
