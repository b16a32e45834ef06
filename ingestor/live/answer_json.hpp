// JSON from strangers, and what an answer that is refused says. Pure; from any thread.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "common/ops/http_client.hpp"
#include "ingestor/live/platform.hpp"

namespace pullwire::ingestor {

/// The answer's body. Throws BadAnswer if it is no JSON, or is nested deeper than 64.
nlohmann::json parse_json(const HttpAnswer& answer);

/// `list`, an answer's posts. Throws BadAnswer if it has more than 1,000, which no platform is
/// asked for.
const nlohmann::json& checked_posts(const nlohmann::json& list);

/// Without control characters but tabs and line breaks.
std::string without_controls(std::string text);

/// The text of a string, `without_controls`; of a whole number
/// its digits; "" for anything else.
std::string text_of(const nlohmann::json& value);

/// The value at the end of `path`, or null: also where something on the way is no object.
const nlohmann::json& value_at(const nlohmann::json& json, std::initializer_list<const char*> path);

/// `text_of` the value at the end of `path`.
std::string text_at(const nlohmann::json& json, std::initializer_list<const char*> path);

/// The array at the end of `path`; an empty one for anything else.
const nlohmann::json& array_at(const nlohmann::json& json, std::initializer_list<const char*> path);

/// "HTTP 403 Forbidden: WORDS", with the platform's words from the usual places in the body.
std::string refusal(const HttpAnswer& answer);

}  // namespace pullwire::ingestor
