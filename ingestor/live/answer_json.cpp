#include "ingestor/live/answer_json.hpp"

#include "common/ops/text.hpp"

namespace pullwire::ingestor {
namespace {

using nlohmann::json;

constexpr int kDeepest = 64;
constexpr std::size_t kMostWords = 300;  // bytes of a platform's message in ours

const json kNull;
const json kNoArray = json::array();

std::string without_controls(std::string text) {
  std::erase_if(text, [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7F;
  });
  return text;
}

/// What a platform says about its refusal, wherever it says it.
std::string words_of(const HttpAnswer& answer) {
  const json body = json::parse(answer.body.substr(0, 64 * 1024), nullptr, false);
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
  const auto check_depth = [](int depth, json::parse_event_t, json&) {
    if (depth > kDeepest) throw BadAnswer{"the answer's JSON is nested too deep"};
    return true;
  };
  try {
    return json::parse(answer.body, check_depth);
  } catch (const json::exception&) {
    throw BadAnswer{"the answer is no JSON"};
  }
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
  const json& value = value_at(from, path);
  if (value.is_string()) return without_controls(value.get<std::string>());
  if (value.is_number_integer()) return value.dump();
  return {};
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
