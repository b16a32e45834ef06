#include "common/wire/codec.hpp"

#include <algorithm>
#include <random>

#include "tests/catch.hpp"

using namespace pullwire;
using namespace pullwire::wire;
using flow::Message;

namespace {

flow::Credit credit() {
  return {7, 1'000'000, 90, {{92, 95}, {97, 97}}, {{3, 4}, {92, 92}}};
}

/// One message of every kind that has no events.
std::vector<Message> every_kind() {
  flow::Hello hello;
  hello.version_max = 9;
  hello.role = flow::Role::Producer;
  hello.instance = {1, 2, 3};
  hello.number = UINT64_MAX;
  hello.name = "a näme";
  hello.max_demand = kMaxDemand;
  hello.contract = "site html\nsite pdf";
  flow::Welcome welcome;
  welcome.session = UINT64_MAX;
  welcome.number = 3;
  welcome.instance = {9};
  welcome.name = "host";
  welcome.max_demand = 100;
  flow::Heartbeat producer;
  producer.session = 7;
  producer.sessions = 3;
  producer.sent = 5;
  producer.confirmed = 4;
  producer.gauges = std::string("\x00\xff", 2);
  flow::Heartbeat consumer = producer;
  consumer.credit = credit();
  return {hello,
          welcome,
          credit(),
          producer,
          consumer,
          flow::Drain{7},
          flow::Drained{7, 12},
          flow::Bye{7},
          flow::Error{7, 2, flow::ErrorCode::Gap, "a gap"}};
}

std::string data_message() {
  DataEncoder encoder;
  encoder.begin(7, 40, 3);
  encoder.add({.redelivered = false, .give_up = false, .attempts = 1}, "one");
  encoder.add({.redelivered = true, .give_up = true, .attempts = UINT16_MAX}, "");
  encoder.add({.redelivered = true, .give_up = false, .attempts = 2, .age_ms = 32'500},
              std::string(300, 'x'));
  return std::string{view(encoder.finish())};
}

std::vector<std::string> valid_messages() {
  std::vector<std::string> bytes;
  for (const Message& message : every_kind()) bytes.push_back(encode(message));
  bytes.push_back(data_message());
  return bytes;
}

bool refused(std::string_view bytes) {
  Decoder decoder;
  return std::holds_alternative<Malformed>(decoder.decode(bytes));
}

/// Must neither throw nor read outside (the sanitizers watch); the answer does not matter.
void survives(Decoder& decoder, std::string_view bytes) {
  const std::vector<char> exact{bytes.begin(), bytes.end()};  // so that an overrun is seen
  (void)decoder.decode({exact.data(), exact.size()});
}

std::string head(const Message& of) {
  return encode(of).substr(0, 4);
}

}  // namespace

TEST_CASE("a message reads back as it was written", "[codec]") {
  Decoder decoder;
  for (const Message& message : every_kind()) {
    CAPTURE(message.index());
    const std::string bytes = encode(message);
    const Decoded decoded = decoder.decode(bytes);
    REQUIRE(std::holds_alternative<Message>(decoded));
    const bool same = std::get<Message>(decoded) == message;
    CHECK(same);
  }
}

TEST_CASE("events read back as they were written", "[codec]") {
  Decoder decoder;
  const std::string bytes = data_message();
  const Decoded decoded = decoder.decode(bytes);
  REQUIRE(std::holds_alternative<Data>(decoded));
  const Data& data = std::get<Data>(decoded);
  CHECK(data.head.session == 7);
  CHECK(data.head.first == 40);
  REQUIRE(data.head.count == 3);
  REQUIRE(data.events.size() == 3);
  CHECK(data.events[0].payload == "one");
  CHECK(data.events[0].delivery == flow::Delivery{});
  CHECK(data.events[1].payload.empty());
  CHECK(data.events[1].delivery == flow::Delivery{true, true, UINT16_MAX});
  CHECK(data.events[2].payload == std::string(300, 'x'));
  CHECK(data.events[2].delivery == flow::Delivery{true, false, 2, 32'500});
}

TEST_CASE("an event costs a few bytes beside its payload", "[codec]") {
  DataEncoder encoder;
  encoder.begin(UINT64_MAX, 1'000'000, 100);
  for (int i = 0; i < 100; ++i) encoder.add({}, std::string(50, 'x'));
  CHECK(encoder.finish().size() < 100 * 54);
}

TEST_CASE("what newer versions append is passed over", "[codec]") {
  Decoder decoder;
  // A drain of [7, "new", [1, [2, nil]], true]
  const std::string bytes = head(flow::Drain{}) + "\x94\x07\xa3new\x92\x01\x92\x02\xc0\xc3";
  const Decoded decoded = decoder.decode(bytes);
  REQUIRE(std::holds_alternative<Message>(decoded));
  CHECK(std::get<flow::Drain>(std::get<Message>(decoded)).session == 7);
}

TEST_CASE("numbers in a wider or a signed format are numbers", "[codec]") {
  for (const std::string& number :
       {std::string{"\x07"}, std::string{"\xcc\x07"}, std::string{"\xcd\x00\x07", 3},
        std::string{"\xd0\x07"}, std::string{"\xd3\x00\x00\x00\x00\x00\x00\x00\x07", 9}}) {
    Decoder decoder;
    const std::string bytes = head(flow::Bye{}) + "\x91" + number;
    const Decoded decoded = decoder.decode(bytes);
    REQUIRE(std::holds_alternative<Message>(decoded));
    CHECK(std::get<flow::Bye>(std::get<Message>(decoded)).session == 7);
  }
}

TEST_CASE("what is no message is refused with a reason", "[codec]") {
  const std::string bye = head(flow::Bye{});
  const std::vector<std::pair<const char*, std::string>> cases{
      {"nothing", ""},
      {"a head alone", bye},
      {"another protocol", "GET / HTTP/1.1\r\n"},
      {"another format", std::string{"PW\x02\x08\x91\x07"}},
      {"an unknown kind", std::string{"PW\x01\x7f\x91\x07"}},
      {"a kind beyond ASCII", std::string{"PW\x01\xff\x91\x07"}},
      {"no array", bye + "\x07"},
      {"too few elements", bye + "\x90"},
      {"a missing element", bye + "\x91"},
      {"something behind", bye + "\x91\x07\x07"},
      {"text for a number", bye + "\x91\xa1x"},
      {"a negative number", bye + "\x91\xff"},
      {"a float", bye + std::string{"\x91\xca\x40\xe0\x00\x00", 6}},
      {"a map", bye + "\x81\x07\x07"},
      {"an extension", bye + std::string{"\x91\xd4\x00\x00", 4}},
      {"an extension of 4 GiB", bye + "\x91\xc9\xff\xff\xff\xff\x01"},
      {"the byte that msgpack never uses", bye + "\x91\xc1"},
      {"an array that claims 2^32 - 1 elements", bye + "\xdd\xff\xff\xff\xff\x07"},
      {"bytes that claim 4 GiB", bye + "\x92\x07\xc6\xff\xff\xff\xff"},
      {"text that claims 4 GiB", bye + "\x92\x07\xdb\xff\xff\xff\xff"},
      {"arrays 100,000 deep", bye + std::string(100'000, '\x91')},
      {"more than 4 MiB", bye + std::string(kMaxMessageBytes, '\xc0')}};
  for (const auto& [what, bytes] : cases) {
    CAPTURE(what);
    CHECK(refused(bytes));
  }
}

TEST_CASE("arrays in arrays beyond the limit are refused, those within are not", "[codec]") {
  const auto nested = [](std::size_t depth) {
    return head(flow::Bye{}) + "\x92\x07" + std::string(depth - 1, '\x91') + "\x07";
  };
  CHECK_FALSE(refused(nested(Reader::kMaxDepth)));
  CHECK(refused(nested(Reader::kMaxDepth + 1)));
}

TEST_CASE("a field that is too large or out of range is refused", "[codec]") {
  const auto with = [](auto change) {
    flow::Hello hello;
    hello.max_demand = 1;
    change(hello);
    return encode(hello);
  };
  CHECK_FALSE(refused(with([](auto& m) { m.contract.assign(kMaxContractBytes, 'x'); })));
  CHECK(refused(with([](auto& m) { m.contract.assign(kMaxContractBytes + 1, 'x'); })));
  CHECK(refused(with([](auto& m) { m.max_demand = kMaxDemand + 1; })));
  CHECK(refused(with([](auto& m) { m.role = static_cast<flow::Role>(3); })));
  CHECK(refused(with([](auto& m) { m.role = static_cast<flow::Role>(0); })));
  flow::Heartbeat heartbeat;
  heartbeat.gauges.assign(kMaxGaugesBytes + 1, 'x');
  CHECK(refused(encode(heartbeat)));
  flow::Credit many;
  for (flow::Seq seq = 1; seq <= kMaxRanges + 1; ++seq) many.settled.push_back({2 * seq, 2 * seq});
  CHECK(refused(encode(many)));
}

TEST_CASE("the largest state that a consumer can have is accepted", "[codec]") {
  flow::Credit state{UINT64_MAX, UINT64_MAX, UINT64_MAX - 10 * kMaxDemand, {}, {}};
  for (flow::Seq i = 0; i < kMaxDemand; ++i) {
    const flow::Seq seq = state.cum + 2 + 2 * i;
    state.settled.push_back({seq, seq});
    state.released.push_back({seq, seq});
  }
  CHECK_FALSE(refused(encode(state)));
}

TEST_CASE("a range that passes the largest number is refused", "[codec]") {
  const std::string beyond{"\x95\x01\x01\x00\x92\xcf\xff\xff\xff\xff\xff\xff\xff\xff\x01\x90", 16};
  CHECK(refused(head(credit()) + beyond));
  CHECK(refused(head(credit()) + std::string{"\x95\x01\x01\x00\x91\x01\x90", 7}));  // half a pair
}

TEST_CASE("events that are none, too many or without number are refused", "[codec]") {
  const std::string data = data_message().substr(0, 4);
  CHECK_FALSE(refused(data + std::string{"\x93\x07\x01\x92\x04\xc4\x00", 7}));
  CHECK(refused(data + std::string{"\x93\x07\x00\x92\x04\xc4\x00", 7}));  // from number 0
  CHECK(refused(data + "\x93\x07\x01\x90"));
  CHECK(refused(data + "\x93\x07\x01\x91\x04"));
  CHECK(refused(data + std::string{"\x93\x07\x01\x92\xce\x00\x04\x00\x00\xc4\x00", 11}));
  const std::string one = data + std::string{"\x94\x07\x01\x92\x05\xc4\x00", 7};
  CHECK_FALSE(refused(one + std::string{"\x92\x00\x05", 3}));  // an age
  CHECK(refused(one + std::string{"\x92\x01\x05", 3}));        // of an event that is not there
  CHECK(refused(one + std::string{"\x91\x00", 2}));
  CHECK(refused(one + std::string{"\x94\x00\x05\x00\x05", 5}));
  DataEncoder encoder;
  encoder.begin(7, 1, kMaxEvents + 1);
  for (std::size_t i = 0; i <= kMaxEvents; ++i) encoder.add({}, "");
  CHECK(refused(view(encoder.finish())));
}

TEST_CASE("what people read is cut between characters, not refused", "[codec]") {
  flow::Error error;
  flow::Hello hello;
  while (error.text.size() <= kMaxErrorBytes) error.text += "€";
  while (hello.name.size() <= kMaxNameBytes) hello.name += "€";
  Decoder decoder;
  const auto decoded = [&](const Message& message) {
    const std::string bytes = encode(message);
    return std::get<Message>(decoder.decode(bytes));
  };
  CHECK(std::get<flow::Error>(decoded(error)).text.size() == kMaxErrorBytes / 3 * 3);
  CHECK(std::get<flow::Hello>(decoded(hello)).name.size() == kMaxNameBytes / 3 * 3);
}

TEST_CASE("a message cut anywhere is refused", "[codec]") {
  for (const std::string& bytes : valid_messages()) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const std::vector<char> exact{bytes.begin(), bytes.begin() + static_cast<long>(size)};
      if (!refused({exact.data(), exact.size()})) FAIL("accepted " << size << " bytes");
    }
  }
}

TEST_CASE("a message with a bit flipped is survived", "[codec]") {
  Decoder decoder;
  for (const std::string& valid : valid_messages()) {
    for (std::size_t bit = 0; bit < valid.size() * 8; ++bit) {
      std::string bytes = valid;
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
      survives(decoder, bytes);
    }
  }
}

TEST_CASE("random bytes behind a valid head are survived", "[codec]") {
  Decoder decoder;
  std::mt19937 random{11};
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes{"PW\x01"};
    bytes += static_cast<char>(1 + random() % 9);
    const std::size_t size = random() % 64;
    for (std::size_t k = 0; k < size; ++k) {
      // Arrays and small numbers often, so that some get far.
      const auto byte = random() % 3 == 0 ? 0x90 + random() % 10 : random() % 256;
      bytes += static_cast<char>(byte);
    }
    survives(decoder, bytes);
  }
}
