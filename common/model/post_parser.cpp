#include "common/model/post_parser.hpp"

#include <utility>

#include "common/model/clipped.hpp"
#include "common/model/hashtag.hpp"
#include "common/model/json_check.hpp"

namespace pullwire {
namespace {

using simdjson::error_code;
using simdjson::SUCCESS;
using simdjson::ondemand::json_type;
using Value = simdjson::ondemand::value;

/// U+0000 to U+001F, U+007F to U+009F.
bool has_control(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) return true;
    if (byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) {
      return true;
    }
  }
  return false;
}

bool is(Value& value, json_type wanted) {
  json_type type{};
  return value.type().get(type) == SUCCESS && type == wanted;
}

/// "image", "video", "audio", or "" for anything else (the words of Media::type).
std::string_view media_type(std::string_view written) {
  for (const std::string_view type : {"image", "video", "audio"}) {
    if (written == type) return type;
  }
  return {};
}

}  // namespace

PostParser::PostParser(std::string source) : source_{std::move(source)} {}

bool PostParser::parse(std::string_view json) {
  clear();
  return read_object(json) && finish();
}

void PostParser::clear() {
  auto hashtags = std::move(post_.hashtags);
  auto media = std::move(post_.media);
  hashtags.clear();
  media.clear();
  post_ = Post{};
  post_.hashtags = std::move(hashtags);
  post_.media = std::move(media);
  id_ = {};
  refused_.clear();
  has_text_ = false;
  has_hashtags_ = false;
}

bool PostParser::read_object(std::string_view json) {
  simdjson::ondemand::document document;
  const simdjson::padded_string_view padded{json.data(), json.size(),
                                            json.size() + simdjson::SIMDJSON_PADDING};
  if (const auto error = parser_.iterate(padded).get(document)) return refuse(error);
  simdjson::ondemand::object object;
  if (const auto error = document.get_object().get(object)) {
    if (error == simdjson::INCORRECT_TYPE) return refuse("the line", "is no JSON object");
    return refuse(error);
  }
  for (auto entry : object) {
    simdjson::ondemand::field field;
    if (const auto error = std::move(entry).get(field)) return refuse(error);
    std::string_view key;
    if (const auto error = field.unescaped_key().get(key)) return refuse(error);
    if (!read_field(key, field.value())) return false;
  }
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) {
    return refuse("the line", "goes on behind the JSON object");
  }
  return true;
}

bool PostParser::read_field(std::string_view key, Value value) {
  if (key == "id") return read_id(value);
  if (key == "text") {
    has_text_ = is(value, json_type::string);
    return read_string("text", value, post_.text);  // cut once its hashtags are known
  }
  if (key == "author") return read_short("author", value, post_.author);
  if (key == "author_name") return read_short("author_name", value, post_.author_name);
  if (key == "created_at") return read_created_at(value);
  if (key == "lang") return read_short("lang", value, post_.lang);
  if (key == "url") return read_short("url", value, post_.url);
  if (key == "hashtags") return read_hashtags(value);
  if (key == "media") return read_media(value);
  const auto error = check_json(value);
  return error == SUCCESS || refuse(error);
}

bool PostParser::read_id(Value value) {
  if (is(value, json_type::number)) {
    id_ = number_token(value);
    if (id_.empty()) return refuse("id", "is no number");
  } else if (!read_string("id", value, id_)) {
    return false;
  }
  return !has_control(id_) || refuse("id", "has a control character");
}

/// Null counts as absent.
bool PostParser::read_string(std::string_view field, Value value, std::string_view& into) {
  into = {};
  if (is(value, json_type::null)) {
    const auto error = check_json(value);
    return error == SUCCESS || refuse(error);
  }
  if (!is(value, json_type::string)) return refuse(field, "is no string");
  const auto error = value.get_string().get(into);
  return error == SUCCESS || refuse(error);
}

bool PostParser::read_short(std::string_view field, Value value, std::string_view& into) {
  if (!read_string(field, value, into)) return false;
  cut(field, into, PostLimits::kFieldBytes);
  return true;
}

void PostParser::cut(std::string_view field, std::string_view& value, std::size_t most) {
  if (value.size() <= most) return;
  too_large(std::string{field} + " of " + std::to_string(value.size()) + " bytes, at most " +
            std::to_string(most));
  value = clipped(value, most);
}

/// The first reason counts.
void PostParser::too_large(const std::string& what) {
  if (refused_.empty()) refused_ = "too large: " + what;
}

bool PostParser::read_created_at(Value value) {
  std::string_view text;
  if (!read_string("created_at", value, text)) return false;
  post_.created_at = parse_rfc3339(text);
  return post_.created_at.has_value() || text.data() == nullptr ||
         refuse("created_at", "is no RFC 3339 time");
}

bool PostParser::read_hashtags(Value value) {
  post_.hashtags.clear();
  has_hashtags_ = !is(value, json_type::null);
  if (!has_hashtags_) {
    const auto error = check_json(value);
    return error == SUCCESS || refuse(error);
  }
  simdjson::ondemand::array array;
  if (!is(value, json_type::array)) return refuse("hashtags", "is no array");
  if (const auto error = value.get_array().get(array)) return refuse(error);
  for (auto entry : array) {
    Value element;
    if (const auto error = std::move(entry).get(element)) return refuse(error);
    if (!is(element, json_type::string)) return refuse("hashtags", "has what is no string");
    std::string_view written;
    if (!read_short("hashtags", element, written)) return false;
    const std::string_view tag = bare_hashtag(written);
    if (tag.empty()) continue;
    if (post_.hashtags.size() < PostLimits::kHashtags) {
      post_.hashtags.push_back(tag);
    } else {
      too_large("more than " + std::to_string(PostLimits::kHashtags) + " hashtags");
    }
  }
  return true;
}

bool PostParser::read_media(Value value) {
  post_.media.clear();
  if (is(value, json_type::null)) {
    const auto error = check_json(value);
    return error == SUCCESS || refuse(error);
  }
  simdjson::ondemand::array array;
  if (!is(value, json_type::array)) return refuse("media", "is no array");
  if (const auto error = value.get_array().get(array)) return refuse(error);
  for (auto entry : array) {
    Value element;
    if (const auto error = std::move(entry).get(element)) return refuse(error);
    if (!read_medium(element)) return false;
  }
  return true;
}

bool PostParser::read_medium(Value value) {
  Media medium;
  if (is(value, json_type::string)) {
    if (!read_short("media.url", value, medium.url)) return false;
  } else if (is(value, json_type::object)) {
    if (!read_medium_object(value, medium)) return false;
  } else {
    return refuse("media", "has what is neither a URL nor an object");
  }
  if (medium.url.empty()) return refuse("media", "has an item without url");
  if (post_.media.size() < PostLimits::kMedia) {
    post_.media.push_back(medium);
  } else {
    too_large("more than " + std::to_string(PostLimits::kMedia) + " media");
  }
  return true;
}

bool PostParser::read_medium_object(Value value, Media& medium) {
  simdjson::ondemand::object object;
  if (const auto error = value.get_object().get(object)) return refuse(error);
  for (auto entry : object) {
    simdjson::ondemand::field field;
    if (const auto error = std::move(entry).get(field)) return refuse(error);
    std::string_view key;
    if (const auto error = field.unescaped_key().get(key)) return refuse(error);
    Value item = field.value();
    bool good = true;
    if (key == "type") {
      good = read_short("media.type", item, medium.type);
    } else if (key == "url") {
      good = read_short("media.url", item, medium.url);
    } else if (key == "alt") {
      good = read_short("media.alt", item, medium.alt);
    } else if (const auto error = check_json(item)) {
      good = refuse(error);
    }
    if (!good) return false;
  }
  medium.type = media_type(medium.type);
  return true;
}

bool PostParser::finish() {
  if (id_.empty()) return refuse("id", "is missing");
  if (!has_text_) return refuse("text", "is missing");
  post_id_.assign(source_).append(1, ':').append(id_);
  if (post_id_.size() > PostLimits::kIdBytes) {
    return refuse("id", "is longer than " +
                            std::to_string(PostLimits::kIdBytes - source_.size() - 1) + " bytes");
  }
  post_.post_id = post_id_;
  post_.source = source_;
  if (post_.author.starts_with('@')) post_.author.remove_prefix(1);
  if (!has_hashtags_) collect_hashtags(post_.text, post_.hashtags);
  cut("text", post_.text, PostLimits::kTextBytes);
  post_.refused = refused_;
  return true;
}

bool PostParser::refuse(std::string_view field, std::string_view reason) {
  why_.assign(field).append(1, ' ').append(reason);
  return false;
}

bool PostParser::refuse(error_code error) {
  why_.assign("not valid JSON: ").append(simdjson::error_message(error));
  return false;
}

}  // namespace pullwire
