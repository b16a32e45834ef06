// The bytes of the messages of a link. Format: common/PROTOCOL.md, "Frames".
//
// Functions may be called from any thread; an Encoder and a Decoder from one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <msgpack/sbuffer.hpp>

#include "common/flow/messages.hpp"
#include "common/wire/reader.hpp"

namespace pullwire::wire {

/// Limits on everything that a peer sends. One that sends more has broken the protocol.
inline constexpr std::size_t kMaxMessageBytes = 4 * 1024 * 1024;
inline constexpr std::size_t kMaxEvents = 10'000;     ///< in one message
inline constexpr std::size_t kMaxRanges = 100'000;    ///< in one credit
inline constexpr std::uint32_t kMaxDemand = 100'000;  ///< so that ranges suffice
inline constexpr std::size_t kMaxNameBytes = 256;
inline constexpr std::size_t kMaxErrorBytes = 1024;
inline constexpr std::size_t kMaxContractBytes = 64 * 1024;
inline constexpr std::size_t kMaxGaugesBytes = 256 * 1024;

/// An event as received; `payload` is a view into the message.
struct Event {
  flow::Delivery delivery;
  std::string_view payload;
};

/// A message with events. `events` is valid until the decoder's next message.
struct Data {
  flow::DataHead head;
  std::span<const Event> events;
};

/// Bytes that are no message: why.
struct Malformed {
  std::string_view why;
};

using Decoded = std::variant<Data, flow::Message, Malformed>;

class Decoder {
 public:
  /// Never throws; takes memory in proportion to `bytes`, whatever they claim.
  Decoded decode(std::string_view bytes);

 private:
  Decoded decode_data();
  bool read(flow::Hello& hello);
  bool read(flow::Welcome& welcome);
  bool read(flow::Credit& credit);
  bool read(flow::Heartbeat& heartbeat);
  bool read(flow::Error& error);
  bool read_ages();
  bool read_ranges(std::vector<flow::SeqRange>& ranges);
  bool read_instance(flow::Instance& instance);

  Reader reader_;
  std::vector<Event> events_;
};

/// The bytes of a message without events. Names and an error's text are cut to their
/// limits; the other limits are the sender's duty.
std::string encode(const flow::Message& message);

inline std::string_view view(const msgpack::sbuffer& buffer) {
  return {buffer.data(), buffer.size()};
}

/// Builds a message with events, one after the other.
class DataEncoder {
 public:
  /// `payload_bytes`: of all events together, or 0 if unknown: saves memory from growing.
  void begin(flow::SessionId session, flow::Seq first, std::size_t count,
             std::size_t payload_bytes = 0);
  /// The event's payload is `front` and `back`, one behind the other.
  void add(const flow::Delivery& delivery, std::string_view front, std::string_view back = {});
  /// The whole message. Requires that as many events were added as announced.
  [[nodiscard]] msgpack::sbuffer finish();

 private:
  msgpack::sbuffer buffer_;
  std::size_t count_ = 0;
  std::size_t missing_ = 0;
  std::vector<std::uint32_t> ages_;  // index, milliseconds, …
};

}  // namespace pullwire::wire
