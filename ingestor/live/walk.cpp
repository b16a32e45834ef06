#include "ingestor/live/walk.hpp"

#include <nlohmann/json.hpp>

#include "ingestor/live/platform.hpp"

namespace pullwire::ingestor {
namespace {

constexpr std::size_t kMostBytes = 4096;  // of what is sent back in a URL

}  // namespace

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

std::string Walk::restarted(const std::string& place) {
  return place.empty() ? place : Walk{.floor = parse(place).floor}.text();
}

Walk Walk::after(const std::string& newest, const std::string& next) const {
  if (newest.size() > kMostBytes || next.size() > kMostBytes) {
    throw BadAnswer{"an id or cursor of the answer is longer than 4096 bytes"};
  }
  const std::string highest = page.empty() && !newest.empty() ? newest : top;
  // A page that comes after itself would be asked for without end.
  if (!next.empty() && next != page) return {.floor = floor, .top = highest, .page = next};
  return {.floor = highest.empty() ? floor : highest};
}

}  // namespace pullwire::ingestor
