#include "common/wire/reader.hpp"

#include <random>
#include <string>

#include <msgpack.hpp>

#include "tests/catch.hpp"

using pullwire::wire::Reader;

namespace {

void pack_anything(msgpack::packer<msgpack::sbuffer>& packer, std::mt19937_64& random,
                   std::size_t depth) {
  const std::string text(random() % 5 == 0 ? random() % 70'000 : random() % 40, 'x');
  const auto size = static_cast<std::uint32_t>(text.size());
  switch (random() % (depth > 0 ? 7 : 6)) {
    case 0: packer.pack_nil(); break;
    case 1: packer.pack(random() % 2 == 0); break;
    case 2: packer.pack_uint64(random() >> random() % 64); break;
    case 3: packer.pack_int64(static_cast<std::int64_t>(random()) >> random() % 64); break;
    case 4:
      packer.pack_str(size);
      packer.pack_str_body(text.data(), size);
      break;
    case 5:
      packer.pack_bin(size);
      packer.pack_bin_body(text.data(), size);
      break;
    default: {
      const auto elements = static_cast<std::uint32_t>(random() % 20);
      packer.pack_array(elements);
      for (std::uint32_t i = 0; i < elements; ++i) pack_anything(packer, random, depth - 1);
    }
  }
}

}  // namespace

TEST_CASE("a reader stays at its first disappointment", "[reader]") {
  Reader reader;
  const std::string bytes{"\x92\x01\x02"};
  reader.start(bytes);
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
  reader.start(bytes);
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
  reader.start(seven);
  CHECK(reader.number(number, 7));
  reader.start(seven);
  CHECK_FALSE(reader.number(number, 6));
  const std::string largest{"\xcf\xff\xff\xff\xff\xff\xff\xff\xff"};
  reader.start(largest);
  CHECK(reader.number(number));
  CHECK(number == UINT64_MAX);
  reader.start(largest);
  CHECK_FALSE(reader.integer(integer));
  const std::string smallest{"\xd3\x80\x00\x00\x00\x00\x00\x00\x00", 9};
  reader.start(smallest);
  CHECK(reader.integer(integer));
  CHECK(integer == INT64_MIN);
}

TEST_CASE("nil stands for a number that is not there", "[reader]") {
  Reader reader;
  const std::string bytes{"\x92\xc0\xff"};
  reader.start(bytes);
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

TEST_CASE("an array cannot claim more elements than there are bytes", "[reader]") {
  Reader reader;
  std::size_t size = 0;
  const std::string three{"\x93\x01\x02"};
  reader.start(three);
  CHECK_FALSE(reader.array(size));
  const std::string four_billion{"\xdd\xff\xff\xff\xff\x01"};
  reader.start(four_billion);
  CHECK_FALSE(reader.array_of_at_least(0));
}

TEST_CASE("whatever is packed is passed over to its end, and nothing that is cut", "[reader]") {
  std::mt19937_64 random{7};
  for (int round = 0; round < 300; ++round) {
    msgpack::sbuffer buffer;
    msgpack::packer packer{buffer};
    packer.pack_array(1);
    pack_anything(packer, random, Reader::kMaxDepth - 1);
    const std::string_view bytes{buffer.data(), buffer.size()};
    CAPTURE(round);
    Reader reader;
    reader.start(bytes);
    CHECK((reader.array_of_at_least(0) && reader.skip_to_end() && reader.finished()));
    for (std::size_t size = 0; size < bytes.size(); size += 1 + size / 50) {
      reader.start(bytes.substr(0, size));
      CHECK_FALSE((reader.array_of_at_least(0) && reader.skip_to_end() && reader.finished()));
    }
  }
}

TEST_CASE("numbers are read as they were packed", "[reader]") {
  for (int bits = 0; bits < 64; ++bits) {
    for (const std::int64_t near : {-1, 0, 1}) {
      const auto positive = static_cast<std::int64_t>((std::uint64_t{1} << bits) >> 1U) + near;
      for (const std::int64_t value : {positive, -positive}) {
        CAPTURE(value);
        msgpack::sbuffer buffer;
        msgpack::packer{buffer}.pack_int64(value);
        Reader reader;
        std::int64_t integer = 0;
        reader.start({buffer.data(), buffer.size()});
        CHECK((reader.integer(integer) && reader.finished() && integer == value));
        std::uint64_t number = 0;
        reader.start({buffer.data(), buffer.size()});
        CHECK(reader.number(number) == (value >= 0));
      }
    }
  }
}

TEST_CASE("text and bytes are told apart", "[reader]") {
  Reader reader;
  std::string_view view;
  const std::string text{"\xa2hi"};
  const std::string bytes{"\xc4\x02hi"};
  reader.start(text);
  CHECK_FALSE(reader.bytes(view, 10));
  reader.start(bytes);
  CHECK_FALSE(reader.text(view, 10));
  reader.start(bytes);
  CHECK_FALSE(reader.bytes(view, 1));
  reader.start(bytes);
  CHECK(reader.bytes(view, 2));
  CHECK(view == "hi");
}
