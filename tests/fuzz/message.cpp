// A message from a peer: it is refused, or it is the same after encoding and decoding again.
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/flow/check.hpp"
#include "common/wire/codec.hpp"
#include "common/wire/events.hpp"
#include "common/wire/gauges.hpp"
#include "tests/fuzz/memory.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using namespace pullwire;

void try_again(const flow::Message& message) {
  wire::Decoder decoder;
  const auto decoded = decoder.decode(wire::encode(message));
  const auto* again = std::get_if<flow::Message>(&decoded);
  CHECK(again != nullptr && *again == message);
}

void try_again(const wire::Data& data) {
  CHECK(data.head.count == data.events.size());
  wire::DataEncoder encoder;
  encoder.begin(data.head.session, data.head.first, data.events.size());
  for (const wire::Event& event : data.events) encoder.add(event.delivery, event.payload);
  wire::Decoder decoder;
  const msgpack::sbuffer bytes = encoder.finish();
  const auto decoded = decoder.decode(wire::view(bytes));
  const auto* again = std::get_if<wire::Data>(&decoded);
  CHECK(again != nullptr && again->head.session == data.head.session);
  CHECK(again->head.first == data.head.first && again->events.size() == data.events.size());
  for (std::size_t i = 0; i < data.events.size(); ++i) {
    CHECK(again->events[i].delivery == data.events[i].delivery);
    CHECK(again->events[i].payload == data.events[i].payload);
  }
}

void read_events(const wire::Data& data) {
  for (const wire::Event& event : data.events) {
    Post post;
    Publication publication;
    if (wire::decode_publication(event.payload, publication)) {
      (void)wire::decode_post(publication.post, post);
    }
    (void)wire::decode_post(event.payload, post);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  wire::Decoder decoder;
  wire::Decoded decoded;
  {
    const fuzz::MemoryBound bound{fuzz::memory_for(size)};
    decoded = decoder.decode({reinterpret_cast<const char*>(bytes), size});
    if (const auto* data = std::get_if<wire::Data>(&decoded)) read_events(*data);
  }
  if (const auto* data = std::get_if<wire::Data>(&decoded)) {
    try_again(*data);
  } else if (const auto* message = std::get_if<flow::Message>(&decoded)) {
    try_again(*message);
    if (const auto* heartbeat = std::get_if<flow::Heartbeat>(message)) {
      std::vector<wire::StageReport> reports;
      (void)wire::decode_reports(heartbeat->gauges, reports);
    }
  } else {
    CHECK(!std::get<wire::Malformed>(decoded).why.empty());
  }
  return 0;
}
