#include "tests/protocol/messages.hpp"

#include <array>
#include <stdexcept>
#include <type_traits>
#include <variant>

#include "common/wire/codec.hpp"
#include "common/wire/events.hpp"
#include "common/wire/kinds.hpp"

namespace pullwire::tests {
namespace {

constexpr Timestamp kIngestedAt{1'764'000'000'000'000};

}  // namespace

std::string describe(const flow::Message& message) {
  if (const auto* credit = std::get_if<flow::Credit>(&message)) {
    return "credit with limit " + std::to_string(credit->limit) + ", cum " +
           std::to_string(credit->cum);
  }
  if (const auto* error = std::get_if<flow::Error>(&message)) {
    return "error " + std::string{to_text(error->code)} + ": " + error->text;
  }
  static constexpr std::array kNames{"hello", "welcome", "credit", "heartbeat",
                                     "drain", "drained", "bye",    "error"};
  return kNames.at(message.index());
}

std::string with_further_element(const flow::Message& message) {
  constexpr char kFixArray = '\x90';  // msgpack: with up to 15 elements
  std::string bytes = wire::encode(message);
  char& array = bytes.at(wire::kHeadBytes);
  if ((array & '\xf0') != kFixArray || (array & '\x0f') == '\x0f') {
    throw std::logic_error{"no short array: " + describe(message)};
  }
  ++array;
  return bytes + "\x93\x01\xa3new\xc0";  // [1, "new", nil]
}

std::string a_post(const std::string& post_id, const std::string& text) {
  Post post;
  post.post_id = post_id;
  post.source = "raw";
  post.text = text;
  post.ingested_at = kIngestedAt;
  return wire::encode_post(post);
}

std::string a_publication(const std::string& post_id, const std::string& format) {
  const std::string post = a_post(post_id);
  Publication publication;
  publication.post_id = post_id;
  publication.target = "null";
  publication.format = format;
  publication.location = "null:0";
  publication.ingested_at = kIngestedAt;
  publication.rendered_at = kIngestedAt;
  publication.published_at = kIngestedAt;
  publication.post = post;
  std::string bytes;
  wire::encode_publication(publication, bytes);
  return bytes;
}

std::vector<std::string> posts(int first, int count) {
  std::vector<std::string> all;
  for (int i = first; i < first + count; ++i) all.push_back(a_post(std::to_string(i)));
  return all;
}

std::string post_id_of(const Arrived& event) {
  Post post;
  if (!wire::decode_post(event.payload, post)) throw std::runtime_error{"an event that is no post"};
  return std::string{post.post_id};
}

std::vector<std::string> post_ids_of(const std::vector<Arrived>& events) {
  std::vector<std::string> ids;
  for (const Arrived& event : events) ids.push_back(post_id_of(event));
  return ids;
}

Publication publication_of(const Arrived& event) {
  Publication publication;
  if (!wire::decode_publication(event.payload, publication)) {
    throw std::runtime_error{"an event that is no publication"};
  }
  return publication;
}

}  // namespace pullwire::tests
