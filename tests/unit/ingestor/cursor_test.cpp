#include "ingestor/cursor.hpp"

#include <stdexcept>

#include "tests/catch.hpp"

using namespace pullwire::ingestor;

TEST_CASE("the cursor stands at the oldest post that is not settled", "[cursor]") {
  Cursor cursor;
  CHECK_FALSE(cursor.lowest().has_value());
  const auto a = cursor.read("0");
  const auto b = cursor.read("10");
  const auto c = cursor.read("20");
  CHECK(cursor.lowest() == "0");
  cursor.settle(b);
  CHECK(cursor.lowest() == "0");
  CHECK(cursor.span() == 3);
  cursor.settle(a);
  CHECK(cursor.lowest() == "20");
  CHECK(cursor.span() == 1);
  cursor.settle(c);
  CHECK_FALSE(cursor.lowest().has_value());
  CHECK(cursor.read("30") == 3);
}

TEST_CASE("settled numbers above the cursor are written as ranges and read back", "[cursor]") {
  Cursor cursor;
  for (int number = 5; number <= 14; ++number) cursor.read(std::to_string(number));
  for (const Cursor::Ordinal settled : {1U, 2U, 4U, 7U, 8U, 9U}) cursor.settle(settled);
  CHECK(cursor.settled_above() == "6-7,9,12-14");
  const NumberRanges ranges{cursor.settled_above()};
  for (const char* in : {"6", "7", "9", "12", "14"}) CHECK(ranges.contains(in));
  for (const char* out : {"5", "8", "10", "15", "", "x"}) CHECK_FALSE(ranges.contains(out));
}

TEST_CASE("what are no ranges of numbers is refused", "[cursor]") {
  for (const char* text : {"x", "1-", "-1", "3-2", "1,1", "5,3", "1,,2", "1 2"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(NumberRanges{text}, std::invalid_argument);
  }
  CHECK_FALSE(NumberRanges{""}.contains("1"));
}
