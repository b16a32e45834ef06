#include "republisher/platforms/wordpress_answer.hpp"

#include <utility>

#include <nlohmann/json.hpp>

#include "common/ops/text.hpp"
#include "republisher/render/segments.hpp"

namespace pullwire::republisher {
namespace {

using nlohmann::json;

constexpr std::size_t kMostAddress = 2048;
constexpr std::size_t kMostWords = 300;

/// Discarded where it is no JSON.
json parse(const HttpAnswer& answer) {
  return json::parse(answer.body, nullptr, false);
}

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::uint64_t number_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

std::optional<WordpressItem> item_of(const json& object) {
  if (!object.is_object()) return std::nullopt;
  WordpressItem item{.id = number_of(object, "id"),
                     .address = text_of(object, object.contains("link") ? "link" : "source_url"),
                     .slug = text_of(object, "slug"),
                     .content = {},
                     .parent = number_of(object, "post")};
  if (const auto content = object.find("content");
      content != object.end() && content->is_object()) {
    item.content = text_of(*content, "raw");
  }
  if (item.id == 0 || item.address.size() > kMostAddress || !is_web_url(item.address)) {
    return std::nullopt;
  }
  return item;
}

/// "HTTP 400: rest_invalid_param: Invalid parameter(s): status", as WordPress says it.
std::string words(const HttpAnswer& answer, const json& said) {
  const std::string code = said.is_object() ? text_of(said, "code") : "";
  if (code.empty()) return refusal(answer);
  return "HTTP " + std::to_string(answer.status) + ": " +
         escaped(shortened(code + ": " + text_of(said, "message"), kMostWords));
}

}  // namespace

std::optional<WordpressItem> wordpress_item(const HttpAnswer& answer) {
  return item_of(parse(answer));
}

WordpressList wordpress_list(const HttpAnswer& answer) {
  const json said = parse(answer);
  if (!said.is_array()) return {};
  if (said.empty()) return {.readable = true};
  std::optional<WordpressItem> first = item_of(said.front());
  return {.readable = first.has_value(), .first = std::move(first)};
}

std::uint64_t wordpress_tag(const HttpAnswer& answer) {
  const json said = parse(answer);
  if (!said.is_object()) return 0;
  if (answer.status >= 200 && answer.status < 300) return number_of(said, "id");
  if (answer.status != 400 || text_of(said, "code") != "term_exists") return 0;
  const auto data = said.find("data");
  return data != said.end() && data->is_object() ? number_of(*data, "term_id") : 0;
}

Step wordpress_trouble(const HttpAnswer& answer, bool making) {
  const json said = parse(answer);
  if (answer.status == 404 && (!said.is_object() || text_of(said, "code") == "rest_no_route" ||
                               text_of(said, "code").empty())) {
    return TryAgain{"no WordPress REST API there (HTTP 404)"};
  }
  const std::string why = words(answer, said);
  // Of what is only looked up or brought together, time or an operator can mend all; and what
  // others on the way say, who do not know WordPress's codes (405 of a server without PHP).
  const bool its_own = said.is_object() && !text_of(said, "code").empty();
  if (!making || (!its_own && answer.status != 413) || answer.status < 400 ||
      answer.status == 401 || answer.status == 403 || answer.status == 404 ||
      answer.status == 407) {
    return TryAgain{why};
  }
  return Refused{why};
}

std::string wordpress_nonsense(const HttpAnswer& answer) {
  return "an answer that is not WordPress's: " + refusal(answer);
}

}  // namespace pullwire::republisher
