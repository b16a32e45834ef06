#include "ingestor/live/walk.hpp"

#include <nlohmann/json.hpp>

namespace pullwire::ingestor {

Walk Walk::parse(const std::string& place) {
  const auto json = nlohmann::json::parse(place, nullptr, false);
  Walk walk;
  const auto take = [&json](const char* key, std::string& into) {
    const auto found = json.find(key);
    if (found != json.end() && found->is_string()) into = found->get<std::string>();
  };
  if (!json.is_object()) return walk;
  take("floor", walk.floor);
  take("top", walk.top);
  take("page", walk.page);
  return walk;
}

std::string Walk::text() const {
  nlohmann::json json{{"floor", floor}};
  if (!page.empty()) {
    json["top"] = top;
    json["page"] = page;
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Walk Walk::after(const std::string& newest, const std::string& next) const {
  const std::string highest = page.empty() && !newest.empty() ? newest : top;
  // A page that comes after itself would be asked for without end.
  if (!next.empty() && next != page) return {.floor = floor, .top = highest, .page = next};
  return {.floor = highest.empty() ? floor : highest};
}

}  // namespace pullwire::ingestor
