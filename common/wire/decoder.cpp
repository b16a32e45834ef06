#include <algorithm>
#include <utility>

#include "common/wire/codec.hpp"
#include "common/wire/kinds.hpp"

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

flow::Delivery unpack_delivery(std::uint64_t value) {
  return {.redelivered = (value & 1U) != 0,
          .give_up = (value & 2U) != 0,
          .attempts = static_cast<std::uint16_t>(value >> 2U)};
}

}  // namespace

Decoded Decoder::decode(std::string_view bytes) {
  if (bytes.size() > kMaxMessageBytes) return Malformed{"larger than 4 MiB"};
  if (bytes.size() < kHeadBytes || bytes[0] != 'P' || bytes[1] != 'W') {
    return Malformed{"not a Pullwire message"};
  }
  if (bytes[2] != kFormat) return Malformed{"another format of messages"};
  const auto kind = static_cast<Kind>(bytes[3]);
  reader_.start(bytes.substr(kHeadBytes));

  const auto done = [&](auto message, bool read) -> Decoded {
    if (!read || !reader_.finished())
      return Malformed{"fields missing, of a wrong type or too large"};
    return Message{std::move(message)};
  };
  switch (kind) {
    case Kind::Data: return decode_data();
    case Kind::Hello: {
      Hello m;
      const bool good = read(m);
      return done(std::move(m), good);
    }
    case Kind::Welcome: {
      Welcome m;
      const bool good = read(m);
      return done(std::move(m), good);
    }
    case Kind::Credit: {
      Credit m;
      const bool good = read(m);
      return done(std::move(m), good);
    }
    case Kind::Heartbeat: {
      Heartbeat m;
      const bool good = read(m);
      return done(std::move(m), good);
    }
    case Kind::Drain: {
      Drain m;
      const bool good =
          reader_.array_of_at_least(1) && reader_.number(m.session) && reader_.skip_to_end();
      return done(m, good);
    }
    case Kind::Drained: {
      Drained m;
      const bool good = reader_.array_of_at_least(2) && reader_.number(m.session) &&
                        reader_.number(m.last) && reader_.skip_to_end();
      return done(m, good);
    }
    case Kind::Bye: {
      Bye m;
      const bool good =
          reader_.array_of_at_least(1) && reader_.number(m.session) && reader_.skip_to_end();
      return done(m, good);
    }
    case Kind::Error: {
      Error m;
      const bool good = read(m);
      return done(std::move(m), good);
    }
  }
  return Malformed{"unknown kind of message"};
}

/// How long ago the sessions of redelivered events have ended.
bool Decoder::read_ages() {
  std::size_t values = 0;
  if (!reader_.array(values) || values % 2 != 0 || values / 2 > events_.size()) return false;
  for (std::size_t i = 0; i < values / 2; ++i) {
    std::uint64_t index = 0;
    std::uint64_t age = 0;
    if (!reader_.number(index, events_.size() - 1) || !reader_.number(age, flow::kMaxAge)) {
      return false;
    }
    events_[index].delivery.age_ms = static_cast<std::uint32_t>(age);
  }
  return true;
}

Decoded Decoder::decode_data() {
  Data data;
  std::size_t values = 0;
  events_.clear();
  bool good = reader_.array_of_at_least(3) && reader_.number(data.head.session) &&
              reader_.number(data.head.first) && reader_.array(values);
  good = good && values % 2 == 0 && values > 0 && values / 2 <= kMaxEvents;
  for (std::size_t i = 0; good && i < values / 2; ++i) {
    std::uint64_t delivery = 0;
    std::string_view payload;
    good = reader_.number(delivery, (UINT64_C(1) << 18U) - 1) &&
           reader_.bytes(payload, kMaxMessageBytes);
    events_.push_back({unpack_delivery(delivery), payload});
  }
  if (good && reader_.more()) good = read_ages();
  if (!good || !reader_.skip_to_end() || !reader_.finished() || data.head.first == 0) {
    return Malformed{"events missing, of a wrong type or too many"};
  }
  data.head.count = static_cast<std::uint32_t>(events_.size());
  data.events = events_;
  return data;
}

bool Decoder::read_instance(flow::Instance& instance) {
  std::string_view bytes;
  if (!reader_.bytes(bytes, instance.size()) || bytes.size() != instance.size()) return false;
  std::copy(bytes.begin(), bytes.end(), instance.begin());
  return true;
}

bool Decoder::read(Hello& m) {
  std::uint64_t version_min = 0;
  std::uint64_t version_max = 0;
  std::uint64_t role = 0;
  std::uint64_t max_demand = 0;
  std::string_view name;
  std::string_view contract;
  if (!reader_.array_of_at_least(8) || !reader_.number(version_min, UINT16_MAX) ||
      !reader_.number(version_max, UINT16_MAX) || !reader_.number(role, 2) || role == 0 ||
      !read_instance(m.instance) || !reader_.number(m.number) ||
      !reader_.text(name, kMaxNameBytes) || !reader_.number(max_demand, kMaxDemand) ||
      !reader_.text(contract, kMaxContractBytes)) {
    return false;
  }
  m.version_min = static_cast<std::uint16_t>(version_min);
  m.version_max = static_cast<std::uint16_t>(version_max);
  m.role = static_cast<flow::Role>(role);
  m.max_demand = static_cast<std::uint32_t>(max_demand);
  m.name = name;
  m.contract = contract;
  return reader_.skip_to_end();
}

bool Decoder::read(Welcome& m) {
  std::uint64_t version = 0;
  std::uint64_t max_demand = 0;
  std::string_view name;
  if (!reader_.array_of_at_least(6) || !reader_.number(m.session) || !reader_.number(m.number) ||
      !reader_.number(version, UINT16_MAX) || !read_instance(m.instance) ||
      !reader_.text(name, kMaxNameBytes) || !reader_.number(max_demand, kMaxDemand)) {
    return false;
  }
  m.version = static_cast<std::uint16_t>(version);
  m.name = name;
  m.max_demand = static_cast<std::uint32_t>(max_demand);
  return reader_.skip_to_end();
}

bool Decoder::read_ranges(std::vector<flow::SeqRange>& ranges) {
  std::size_t values = 0;
  if (!reader_.array(values) || values % 2 != 0 || values / 2 > kMaxRanges) return false;
  for (std::size_t i = 0; i < values / 2; ++i) {
    flow::SeqRange range;
    std::uint64_t more = 0;
    if (!reader_.number(range.first) || !reader_.number(more, UINT64_MAX - range.first)) {
      return false;
    }
    range.last = range.first + more;
    ranges.push_back(range);
  }
  return true;
}

bool Decoder::read(Credit& m) {
  return reader_.array_of_at_least(5) && reader_.number(m.session) && reader_.number(m.limit) &&
         reader_.number(m.cum) && read_ranges(m.settled) && read_ranges(m.released) &&
         reader_.skip_to_end();
}

bool Decoder::read(Heartbeat& m) {
  std::uint64_t sessions = 0;
  std::string_view gauges;
  std::size_t credits = 0;
  if (!reader_.array_of_at_least(6) || !reader_.number(m.session) ||
      !reader_.number(sessions, UINT32_MAX) || !reader_.number(m.sent) ||
      !reader_.number(m.confirmed) || !reader_.bytes(gauges, kMaxGaugesBytes) ||
      !reader_.array(credits) || credits > 1) {
    return false;
  }
  m.sessions = static_cast<std::uint32_t>(sessions);
  m.gauges = gauges;
  if (credits == 1 && !read(m.credit.emplace())) return false;
  return reader_.skip_to_end();
}

bool Decoder::read(Error& m) {
  std::uint64_t code = 0;
  std::string_view text;
  if (!reader_.array_of_at_least(4) || !reader_.number(m.session) || !reader_.number(m.number) ||
      !reader_.number(code, UINT8_MAX) || !reader_.text(text, kMaxErrorBytes)) {
    return false;
  }
  m.code = static_cast<flow::ErrorCode>(code);
  m.text = text;
  return reader_.skip_to_end();
}

}  // namespace pullwire::wire
