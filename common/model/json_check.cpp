#include "common/model/json_check.hpp"

#include <utility>

namespace pullwire {
namespace {

using simdjson::error_code;
using simdjson::SUCCESS;
using simdjson::ondemand::json_type;
using Value = simdjson::ondemand::value;

constexpr int kMaxDepth = 64;  // of what is passed over

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// The grammar of RFC 8259, section 6.
bool is_number(std::string_view token) {
  const auto digits = [&token] {
    std::size_t count = 0;
    while (count < token.size() && is_digit(token[count])) ++count;
    token.remove_prefix(count);
    return count;
  };
  if (token.starts_with('-')) token.remove_prefix(1);
  const bool zero = token.starts_with('0');
  const std::size_t whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  if (token.starts_with('.')) {
    token.remove_prefix(1);
    if (digits() == 0) return false;
  }
  if (token.starts_with('e') || token.starts_with('E')) {
    token.remove_prefix(1);
    if (token.starts_with('+') || token.starts_with('-')) token.remove_prefix(1);
    if (digits() == 0) return false;
  }
  return token.empty();
}

}  // namespace

std::string_view number_token(Value value) {
  std::string_view token = value.raw_json_token();
  const std::size_t end = token.find_last_not_of(" \t\r\n");
  token = token.substr(0, end == std::string_view::npos ? 0 : end + 1);
  return is_number(token) ? token : std::string_view{};
}

namespace {

error_code check(Value value, int depth) {
  if (depth > kMaxDepth) return simdjson::DEPTH_ERROR;
  json_type type{};
  if (const auto error = value.type().get(type)) return error;
  switch (type) {
    case json_type::object: {
      simdjson::ondemand::object object;
      if (const auto error = value.get_object().get(object)) return error;
      for (auto entry : object) {
        simdjson::ondemand::field field;
        if (const auto error = std::move(entry).get(field)) return error;
        std::string_view key;
        if (const auto error = field.unescaped_key().get(key)) return error;
        if (const auto error = check(field.value(), depth + 1)) return error;
      }
      return SUCCESS;
    }
    case json_type::array: {
      simdjson::ondemand::array array;
      if (const auto error = value.get_array().get(array)) return error;
      for (auto entry : array) {
        Value element;
        if (const auto error = std::move(entry).get(element)) return error;
        if (const auto error = check(element, depth + 1)) return error;
      }
      return SUCCESS;
    }
    case json_type::number: return number_token(value).empty() ? simdjson::NUMBER_ERROR : SUCCESS;
    case json_type::string: return value.get_string().error();
    case json_type::boolean: return value.get_bool().error();
    case json_type::null: {
      bool null = false;
      const auto error = value.is_null().get(null);
      return error || null ? error : simdjson::N_ATOM_ERROR;
    }
  }
  return simdjson::TAPE_ERROR;
}

}  // namespace

error_code check_json(Value value) {
  return check(value, 0);
}

}  // namespace pullwire
