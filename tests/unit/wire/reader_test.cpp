#include "common/wire/reader.hpp"

#include <string>

#include "tests/catch.hpp"

using pullwire::wire::Reader;

TEST_CASE("a reader stays at its first disappointment", "[reader]") {
  Reader reader;
  const std::string bytes{"\x92\x01\x02"};
  REQUIRE(reader.start(bytes));
  std::size_t size = 0;
  std::uint64_t number = 0;
  std::string_view text;
  REQUIRE(reader.array(size));
  CHECK_FALSE(reader.text(text, 10));
  CHECK_FALSE(reader.number(number));
  CHECK_FALSE(reader.ok());
  CHECK_FALSE(reader.finished());
}

TEST_CASE("a document is finished only once all of it was asked for", "[reader]") {
  Reader reader;
  const std::string bytes{"\x92\x01\x02"};
  REQUIRE(reader.start(bytes));
  std::uint64_t number = 0;
  REQUIRE(reader.array_of_at_least(1));
  REQUIRE(reader.number(number));
  CHECK_FALSE(reader.finished());
  CHECK(reader.skip_to_end());
  CHECK(reader.finished());
  CHECK_FALSE(reader.number(number));  // there is nothing more
  CHECK_FALSE(reader.skip_to_end());
}

TEST_CASE("numbers are bounded by what is asked for", "[reader]") {
  Reader reader;
  std::uint64_t number = 0;
  std::int64_t integer = 0;
  const std::string seven{"\x07"};
  REQUIRE(reader.start(seven));
  CHECK(reader.number(number, 7));
  REQUIRE(reader.start(seven));
  CHECK_FALSE(reader.number(number, 6));
  const std::string largest{"\xcf\xff\xff\xff\xff\xff\xff\xff\xff"};
  REQUIRE(reader.start(largest));
  CHECK(reader.number(number));
  CHECK(number == UINT64_MAX);
  REQUIRE(reader.start(largest));
  CHECK_FALSE(reader.integer(integer));
  const std::string smallest{"\xd3\x80\x00\x00\x00\x00\x00\x00\x00", 9};
  REQUIRE(reader.start(smallest));
  CHECK(reader.integer(integer));
  CHECK(integer == INT64_MIN);
}

TEST_CASE("nil stands for a number that is not there", "[reader]") {
  Reader reader;
  const std::string bytes{"\x92\xc0\xff"};
  REQUIRE(reader.start(bytes));
  std::size_t size = 0;
  bool present = true;
  std::int64_t value = 0;
  REQUIRE(reader.array(size));
  REQUIRE(reader.nil_or_integer(present, value));
  CHECK_FALSE(present);
  REQUIRE(reader.nil_or_integer(present, value));
  CHECK(present);
  CHECK(value == -1);
  CHECK(reader.finished());
  CHECK_FALSE(reader.nil_or_integer(present, value));
}

TEST_CASE("more values than the limit are refused", "[reader]") {
  Reader reader;
  const auto array_of = [](std::uint32_t count) {
    std::string bytes{"\xdd"};
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(count >> shift);
    return bytes.append(count, '\x01');
  };
  CHECK(reader.start(array_of(Reader::kMaxValues - 1)));
  CHECK_FALSE(reader.start(array_of(Reader::kMaxValues)));
}

TEST_CASE("text and bytes are told apart", "[reader]") {
  Reader reader;
  std::string_view view;
  const std::string text{"\xa2hi"};
  const std::string bytes{"\xc4\x02hi"};
  REQUIRE(reader.start(text));
  CHECK_FALSE(reader.bytes(view, 10));
  REQUIRE(reader.start(bytes));
  CHECK_FALSE(reader.text(view, 10));
  REQUIRE(reader.start(bytes));
  CHECK_FALSE(reader.bytes(view, 1));
  REQUIRE(reader.start(bytes));
  CHECK(reader.bytes(view, 2));
  CHECK(view == "hi");
}
