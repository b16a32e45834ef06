#include "ingestor/live/answer_json.hpp"

#include <algorithm>

#include "common/ops/text.hpp"

namespace pullwire::ingestor {
namespace {

using nlohmann::json;

constexpr int kDeepest = 64;
constexpr std::size_t kMostRefusalBytes = std::size_t{64} * 1024;
constexpr std::size_t kMostPosts = 1000;  // of one answer
constexpr std::size_t kMostWords = 300;   // bytes of a platform's message in ours

const json kNull;
const json kNoArray = json::array();

/// How deep the brackets are nested that stand in no string.
int depth_of(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') in_string = !in_string;
    if (in_string && c == '\\') ++i;
    if (in_string) continue;
    if (c == '[' || c == '{') deepest = std::max(deepest, ++depth);
    if (c == ']' || c == '}') --depth;
  }
  return deepest;
}

/// What a platform says about its refusal, wherever it says it.
std::string words_of(const HttpAnswer& answer) {
  const std::string start = answer.body.substr(0, kMostRefusalBytes);
  if (depth_of(start) > kDeepest) return {};
  const json body = json::parse(start, nullptr, false);
  for (const std::string& words :
       {text_at(body, {"detail"}), text_at(body, {"message"}), text_at(body, {"error_description"}),
        text_at(body, {"error"}), text_at(body, {"title"})}) {
    if (!words.empty()) return words;
  }
  const json& errors = array_at(body, {"errors"});
  return errors.empty() ? std::string{} : text_at(errors.front(), {"message"});
}

std::string_view meaning(long status) {
  switch (status) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308: return "it has moved: correct its address in the configuration";
    case 401: return "the token or password is missing or wrong";
    case 403: return "refused";
    case 404: return "not found";
    default: return "";
  }
}

}  // namespace

json parse_json(const HttpAnswer& answer) {
  // Beforehand: the library's own look at the depth takes time by the square of what it has read.
  if (depth_of(answer.body) > kDeepest) throw BadAnswer{"the answer's JSON is nested too deep"};
  json body = json::parse(answer.body, nullptr, false);
  if (body.is_discarded()) throw BadAnswer{"the answer is no JSON"};
  return body;
}

std::string without_controls(std::string text) {
  std::erase_if(text, [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7F;
  });
  return text;
}

const json& checked_posts(const json& list) {
  if (list.size() > kMostPosts) {
    throw BadAnswer{"the answer has more than " + std::to_string(kMostPosts) + " posts"};
  }
  return list;
}

std::string text_of(const json& value) {
  if (value.is_string()) return without_controls(value.get<std::string>());
  if (value.is_number_integer()) return value.dump();
  return {};
}

const json& value_at(const json& from, std::initializer_list<const char*> path) {
  const json* value = &from;
  for (const char* key : path) {
    if (!value->is_object()) return kNull;
    const auto found = value->find(key);
    if (found == value->end()) return kNull;
    value = &*found;
  }
  return *value;
}

std::string text_at(const json& from, std::initializer_list<const char*> path) {
  return text_of(value_at(from, path));
}

const json& array_at(const json& from, std::initializer_list<const char*> path) {
  const json& value = value_at(from, path);
  return value.is_array() ? value : kNoArray;
}

std::string refusal(const HttpAnswer& answer) {
  std::string text = "HTTP " + std::to_string(answer.status);
  const std::string words = words_of(answer);
  const std::string_view known = meaning(answer.status);
  if (!known.empty()) text.append(", ").append(known);
  if (!words.empty()) text.append(": ").append(in_quotes(shortened(words, kMostWords)));
  return text;
}

}  // namespace pullwire::ingestor
