#include "ingestor/sources/json_lines.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace pullwire::ingestor {
namespace {

static_assert(LineBuffer::kPadding >= simdjson::SIMDJSON_PADDING);

using PlaceText = std::array<char, 64>;  // three numbers of at most 20 digits

std::string_view write(const Place& place, PlaceText& buffer) {
  char* const end = buffer.data() + buffer.size();
  char* at = std::to_chars(buffer.data(), end, place.offset).ptr;
  *at++ = ':';
  at = std::to_chars(at, end, place.line).ptr;
  *at++ = ':';
  at = std::to_chars(at, end, place.turn).ptr;
  return {buffer.data(), static_cast<std::size_t>(at - buffer.data())};
}

bool take_number(std::string_view& text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return error == std::errc{};
}

bool take_colon(std::string_view& text) {
  const bool there = text.starts_with(':');
  if (there) text.remove_prefix(1);
  return there;
}

}  // namespace

std::string Place::text() const {
  PlaceText buffer{};
  return std::string{write(*this, buffer)};
}

std::optional<Place> Place::parse(std::string_view text) {
  Place place;
  if (take_number(text, place.offset) && take_colon(text) && take_number(text, place.line) &&
      take_colon(text) && take_number(text, place.turn) && text.empty()) {
    return place;
  }
  return std::nullopt;
}

JsonLines::JsonLines(std::string source, std::string label)
    : label_{std::move(label)}, parser_{std::move(source)} {}

void JsonLines::deliver(Sink& sink) {
  const Timestamp now = wall_clock();
  while (const auto line = lines_.next()) give(*line, now, sink);
}

void JsonLines::finish(Sink& sink) {
  const auto line = lines_.rest();
  if (!line || !give(*line, wall_clock(), sink)) return;
  lines_.restart(line->offset + line->text.size(), line->number);
}

void JsonLines::restart(const Place& place) {
  lines_.restart(place.offset, place.line);
  turn_ = place.turn;
}

bool JsonLines::give(const LineBuffer::Line& line, Timestamp now, Sink& sink) {
  if (line.too_long) {
    skip(line, "the line is longer than " + std::to_string(LineBuffer::kMaxLine) + " bytes", sink);
    return false;
  }
  std::string_view json = line.text;
  if (line.offset == 0 && json.starts_with("\xEF\xBB\xBF")) json.remove_prefix(3);
  json = json.substr(0, json.find_last_not_of(" \t\r") + 1);  // npos + 1 is 0
  if (json.empty()) return false;
  if (!parser_.parse(json)) {
    skip(line, parser_.why(), sink);
    return false;
  }
  parser_.post().ingested_at = now;
  PlaceText buffer{};
  sink.post(parser_.post(), {}, write({line.offset, line.number, turn_}, buffer));
  return true;
}

void JsonLines::skip(const LineBuffer::Line& line, std::string_view why, Sink& sink) {
  sink.skipped(label_ + ":" + std::to_string(line.number), why);
}

}  // namespace pullwire::ingestor
