// Reads a post from one JSON object.
//
// Pure; not thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <simdjson.h>

#include "common/model/post.hpp"

namespace pullwire {

/// Fields: `id` (string or number, taken digit by digit) and `text` are needed;
/// `author`, `author_name`, `created_at` (RFC 3339), `lang`, `url`, `hashtags` and
/// `media` (URLs, or objects of `type`, `url` and `alt`) may be absent or null. Of a
/// field that comes twice the last holds; others are passed over. Hashtags may be
/// written with #, empty ones are left out; they come from the text if the field is absent.
class PostParser {
 public:
  /// `source` becomes the posts' `source`, and the first part of their `post_id`.
  explicit PostParser(std::string source);

  /// Reads `json`, behind which `simdjson::SIMDJSON_PADDING` bytes must be readable.
  /// Returns false if it is no post; `why` says why then. One that exceeds PostLimits is cut
  /// to them and refused (but for its id, which cannot be cut).
  [[nodiscard]] bool parse(std::string_view json);

  /// The post read last, but for `ingested_at`. Its strings live until the next `parse`.
  Post& post() { return post_; }
  const std::string& why() const { return why_; }

 private:
  using Value = simdjson::ondemand::value;

  void clear();
  bool read_object(std::string_view json);
  bool read_field(std::string_view key, Value value);
  bool read_id(Value value);
  bool read_string(std::string_view field, Value value, std::string_view& into);
  bool read_short(std::string_view field, Value value, std::string_view& into);
  bool read_created_at(Value value);
  bool read_hashtags(Value value);
  bool read_media(Value value);
  bool read_medium(Value value);
  bool read_medium_object(Value value, Media& medium);
  bool finish();
  void cut(std::string_view field, std::string_view& value, std::size_t most);
  void too_large(const std::string& what);
  bool refuse(std::string_view field, std::string_view reason);
  bool refuse(simdjson::error_code error);

  std::string source_;
  simdjson::ondemand::parser parser_;
  Post post_;
  std::string_view id_;
  std::string post_id_;
  std::string why_;
  std::string refused_;
  bool has_text_ = false;
  bool has_hashtags_ = false;
};

}  // namespace pullwire
