#include "common/wire/reader.hpp"

namespace pullwire::wire {

void Reader::start(std::string_view bytes) {
  at_ = bytes.data();
  end_ = at_ + bytes.size();
  depth_ = 0;
  ok_ = true;
}

/// The head of the next value: what it is, and its number or size.
bool Reader::head(Head& head) {
  if (!ok_ || at_ == end_) return fail();
  const auto first = static_cast<std::uint8_t>(*at_++);
  const auto simple = [&](Kind kind, std::uint64_t number) {
    head = {kind, number};
    return true;
  };
  if (first <= 0x7f) return simple(Kind::Positive, first);
  if (first >= 0xe0) return simple(Kind::Negative, first | ~std::uint64_t{0xff});
  if (first >= 0xa0 && first <= 0xbf) return simple(Kind::Text, first & 0x1fU);
  if (first >= 0x90 && first <= 0x9f) return simple(Kind::Array, first & 0x0fU);
  switch (first) {
    case 0xc0: return simple(Kind::Nil, 0);
    case 0xc2:
    case 0xc3: return simple(Kind::Boolean, first & 1U);
    case 0xc4: return number_of_bytes(head, Kind::Bytes, 1);
    case 0xc5: return number_of_bytes(head, Kind::Bytes, 2);
    case 0xc6: return number_of_bytes(head, Kind::Bytes, 4);
    case 0xcc: return number_of_bytes(head, Kind::Positive, 1);
    case 0xcd: return number_of_bytes(head, Kind::Positive, 2);
    case 0xce: return number_of_bytes(head, Kind::Positive, 4);
    case 0xcf: return number_of_bytes(head, Kind::Positive, 8);
    case 0xd0: return number_of_bytes(head, Kind::Negative, 1);
    case 0xd1: return number_of_bytes(head, Kind::Negative, 2);
    case 0xd2: return number_of_bytes(head, Kind::Negative, 4);
    case 0xd3: return number_of_bytes(head, Kind::Negative, 8);
    case 0xd9: return number_of_bytes(head, Kind::Text, 1);
    case 0xda: return number_of_bytes(head, Kind::Text, 2);
    case 0xdb: return number_of_bytes(head, Kind::Text, 4);
    case 0xdc: return number_of_bytes(head, Kind::Array, 2);
    case 0xdd: return number_of_bytes(head, Kind::Array, 4);
    default: return fail();  // maps, floats, extensions
  }
}

/// The number that follows, big-endian. Signed integers may be positive, too.
bool Reader::number_of_bytes(Head& head, Kind kind, std::size_t count) {
  if (left() < count) return fail();
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < count; ++i) {
    number = number << 8U | static_cast<std::uint8_t>(*at_++);
  }
  if (kind == Kind::Negative) {
    const std::uint64_t sign = std::uint64_t{1} << (8 * count - 1);
    if ((number & sign) == 0)
      kind = Kind::Positive;
    else if (count < 8)
      number |= ~std::uint64_t{0} << (8 * count);
  }
  head = {kind, number};
  return true;
}

bool Reader::take(Kind kind, std::uint64_t& number) {
  Head next{};
  if (!head(next) || next.kind != kind) return fail();
  number = next.number;
  return true;
}

bool Reader::array(std::size_t& size) {
  std::uint64_t number = 0;
  if (!take(Kind::Array, number)) return false;
  if (number > left()) return fail();  // each element is a byte at least
  size = static_cast<std::size_t>(number);
  return true;
}

bool Reader::array_of_at_least(std::size_t size) {
  std::size_t actual = 0;
  if (!array(actual)) return false;
  if (actual < size || depth_ == kMaxDepth) return fail();
  open_[depth_++] = actual - size;
  return true;
}

bool Reader::more() {
  if (!ok_ || depth_ == 0 || open_[depth_ - 1] == 0) return false;
  --open_[depth_ - 1];
  return true;
}

bool Reader::skip_to_end() {
  if (!ok_ || depth_ == 0) return fail();
  while (open_[depth_ - 1] > 0) {
    --open_[depth_ - 1];
    if (!skip_value()) return false;
  }
  --depth_;
  return true;
}

bool Reader::skip_value() {
  std::array<std::uint64_t, kMaxDepth> missing{};  // elements of the arrays that are open
  std::size_t depth = 0;
  do {
    if (depth > 0) --missing[depth - 1];
    Head next{};
    if (!head(next)) return false;
    if (next.kind == Kind::Text || next.kind == Kind::Bytes) {
      if (next.number > left()) return fail();
      at_ += next.number;
    } else if (next.kind == Kind::Array) {
      if (next.number > left() || depth_ + depth == kMaxDepth) return fail();
      missing[depth++] = next.number;
    }
    while (depth > 0 && missing[depth - 1] == 0) --depth;
  } while (depth > 0);
  return true;
}

bool Reader::number(std::uint64_t& value, std::uint64_t max) {
  std::uint64_t number = 0;
  if (!take(Kind::Positive, number)) return false;
  if (number > max) return fail();
  value = number;
  return true;
}

bool Reader::integer(std::int64_t& value) {
  Head next{};
  if (!head(next)) return false;
  const bool fits =
      next.kind == Kind::Negative || (next.kind == Kind::Positive && next.number <= INT64_MAX);
  if (!fits) return fail();
  value = static_cast<std::int64_t>(next.number);
  return true;
}

bool Reader::nil_or_integer(bool& present, std::int64_t& value) {
  constexpr char kNil = '\xc0';
  present = !(ok_ && at_ != end_ && *at_ == kNil);
  if (present) return integer(value);
  ++at_;
  return true;
}

bool Reader::view(Kind kind, std::string_view& value, std::size_t max_bytes) {
  std::uint64_t size = 0;
  if (!take(kind, size)) return false;
  if (size > max_bytes || size > left()) return fail();
  value = {at_, static_cast<std::size_t>(size)};
  at_ += size;
  return true;
}

bool Reader::text(std::string_view& value, std::size_t max_bytes) {
  return view(Kind::Text, value, max_bytes);
}

bool Reader::bytes(std::string_view& value, std::size_t max_bytes) {
  return view(Kind::Bytes, value, max_bytes);
}

}  // namespace pullwire::wire
