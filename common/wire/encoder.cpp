#include <algorithm>
#include <utility>

#include <msgpack.hpp>

#include "common/flow/check.hpp"
#include "common/wire/codec.hpp"
#include "common/wire/kinds.hpp"
#include "common/wire/writer.hpp"

namespace pullwire::wire {
namespace {

using flow::Bye;
using flow::Credit;
using flow::Drain;
using flow::Drained;
using flow::Error;
using flow::Heartbeat;
using flow::Hello;
using flow::Message;
using flow::Welcome;

// At most: "PW", format and kind, two arrays and two numbers; a delivery and the head of bytes.
constexpr std::size_t kDataHeadBytes = 4 + 1 + 9 + 9 + 5;
constexpr std::size_t kEventHeadBytes = 5 + 5;
constexpr unsigned char kArrayOfFour = 0x94;  // which is one of three until there are ages

std::string head(Kind kind) {
  return {'P', 'W', kFormat, static_cast<char>(kind)};
}

void pack_ranges(Packer& packer, const std::vector<flow::SeqRange>& ranges) {
  packer.pack_array(static_cast<std::uint32_t>(ranges.size() * 2));
  for (const flow::SeqRange& range : ranges) {
    packer.pack_uint64(range.first);
    packer.pack_uint64(range.last - range.first);
  }
}

void pack(Packer& packer, const Hello& m) {
  packer.pack_array(8);
  packer.pack_uint16(m.version_min);
  packer.pack_uint16(m.version_max);
  packer.pack_uint8(static_cast<std::uint8_t>(m.role));
  pack_bytes(packer, {reinterpret_cast<const char*>(m.instance.data()), m.instance.size()});
  packer.pack_uint64(m.number);
  pack_text(packer, clipped(m.name, kMaxNameBytes));
  packer.pack_uint32(m.max_demand);
  pack_text(packer, m.contract);
}

void pack(Packer& packer, const Welcome& m) {
  packer.pack_array(6);
  packer.pack_uint64(m.session);
  packer.pack_uint64(m.number);
  packer.pack_uint16(m.version);
  pack_bytes(packer, {reinterpret_cast<const char*>(m.instance.data()), m.instance.size()});
  pack_text(packer, clipped(m.name, kMaxNameBytes));
  packer.pack_uint32(m.max_demand);
}

void pack(Packer& packer, const Credit& m) {
  packer.pack_array(5);
  packer.pack_uint64(m.session);
  packer.pack_uint64(m.limit);
  packer.pack_uint64(m.cum);
  pack_ranges(packer, m.settled);
  pack_ranges(packer, m.released);
}

void pack(Packer& packer, const Heartbeat& m) {
  packer.pack_array(6);
  packer.pack_uint64(m.session);
  packer.pack_uint32(m.sessions);
  packer.pack_uint64(m.sent);
  packer.pack_uint64(m.confirmed);
  pack_bytes(packer, m.gauges);
  packer.pack_array(m.credit ? 1 : 0);
  if (m.credit) pack(packer, *m.credit);
}

void pack(Packer& packer, const Drain& m) {
  packer.pack_array(1);
  packer.pack_uint64(m.session);
}

void pack(Packer& packer, const Drained& m) {
  packer.pack_array(2);
  packer.pack_uint64(m.session);
  packer.pack_uint64(m.last);
}

void pack(Packer& packer, const Bye& m) {
  packer.pack_array(1);
  packer.pack_uint64(m.session);
}

void pack(Packer& packer, const Error& m) {
  packer.pack_array(4);
  packer.pack_uint64(m.session);
  packer.pack_uint64(m.number);
  packer.pack_uint8(static_cast<std::uint8_t>(m.code));
  pack_text(packer, clipped(m.text, kMaxErrorBytes));
}

constexpr Kind kind_of(const Hello&) {
  return Kind::Hello;
}
constexpr Kind kind_of(const Welcome&) {
  return Kind::Welcome;
}
constexpr Kind kind_of(const Credit&) {
  return Kind::Credit;
}
constexpr Kind kind_of(const Heartbeat&) {
  return Kind::Heartbeat;
}
constexpr Kind kind_of(const Drain&) {
  return Kind::Drain;
}
constexpr Kind kind_of(const Drained&) {
  return Kind::Drained;
}
constexpr Kind kind_of(const Bye&) {
  return Kind::Bye;
}
constexpr Kind kind_of(const Error&) {
  return Kind::Error;
}

/// redelivered and give_up are the lowest bits, attempts the rest: one byte for most.
std::uint64_t pack_delivery(const flow::Delivery& delivery) {
  return (std::uint64_t{delivery.attempts} << 2U) | (delivery.give_up ? 2U : 0U) |
         (delivery.redelivered ? 1U : 0U);
}

}  // namespace

std::string encode(const Message& message) {
  return std::visit(
      [](const auto& m) {
        StringBuffer buffer{head(kind_of(m))};
        Packer packer{buffer};
        pack(packer, m);
        return std::move(buffer.bytes);
      },
      message);
}

void DataEncoder::begin(flow::SessionId session, flow::Seq first, std::size_t count,
                        std::size_t payload_bytes) {
  buffer_ = msgpack::sbuffer{kDataHeadBytes + count * kEventHeadBytes + payload_bytes};
  const std::string start = head(Kind::Data);
  buffer_.write(start.data(), start.size());
  msgpack::packer packer{buffer_};
  packer.pack_array(3);
  packer.pack_uint64(session);
  packer.pack_uint64(first);
  packer.pack_array(static_cast<std::uint32_t>(count * 2));
  missing_ = count_ = count;
  ages_.clear();
}

void DataEncoder::add(const flow::Delivery& delivery, std::string_view front,
                      std::string_view back) {
  CHECK(missing_ > 0);
  if (delivery.age_ms > 0) {
    ages_.insert(ages_.end(), {static_cast<std::uint32_t>(count_ - missing_),
                               std::min(delivery.age_ms, flow::kMaxAge)});
  }
  --missing_;
  msgpack::packer packer{buffer_};
  packer.pack_uint64(pack_delivery(delivery));
  packer.pack_bin(static_cast<std::uint32_t>(front.size() + back.size()));
  if (!front.empty()) buffer_.write(front.data(), front.size());
  if (!back.empty()) buffer_.write(back.data(), back.size());
}

msgpack::sbuffer DataEncoder::finish() {
  CHECK(missing_ == 0);
  if (!ages_.empty()) {
    buffer_.data()[kHeadBytes] = static_cast<char>(kArrayOfFour);
    msgpack::packer packer{buffer_};
    packer.pack_array(static_cast<std::uint32_t>(ages_.size()));
    for (const std::uint32_t value : ages_) packer.pack_uint32(value);
  }
  return std::move(buffer_);
}

}  // namespace pullwire::wire
