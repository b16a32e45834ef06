// What a source gave: the one form in which posts of every origin travel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/model/time.hpp"

namespace pullwire {

/// Bounds on a post, checked where it enters (a source) and where it is decoded. One that
/// exceeds them enters cut to them and `refused`.
struct PostLimits {
  static constexpr std::size_t kIdBytes = 1024;     ///< post_id, source name included
  static constexpr std::size_t kFieldBytes = 4096;  ///< any other short field
  static constexpr std::size_t kTextBytes = 512 * 1024;
  static constexpr std::size_t kHtmlBytes = 256 * 1024;  ///< longer: left out, the text stays
  static constexpr std::size_t kHashtags = 256;
  static constexpr std::size_t kMedia = 64;
  static constexpr std::size_t kPending = 64;     ///< of a replayed post
  static constexpr std::size_t kNameBytes = 256;  ///< of a target or a format
};

/// An attachment, by reference: nothing is downloaded.
struct Media {
  std::string_view type;  ///< "image", "video", "audio" or "" where unknown
  std::string_view url;
  std::string_view alt;  ///< description for those who do not see it, may be empty

  friend bool operator==(const Media&, const Media&) = default;
};

/// A publication of a replayed post that is still to be made.
struct Pending {
  std::string_view target;
  std::string_view format;
  std::uint32_t attempts = 0;  ///< how often it was begun before

  friend bool operator==(const Pending&, const Pending&) = default;
};

/// A post. All strings are UTF-8 and views: whoever made the post (a decoded
/// message, a source's line) owns the bytes, and says how long they live.
/// Everything but `post_id`, `source` and `text` may be empty.
struct Post {
  std::string_view post_id;      ///< "NAME:id", unique in the pipeline
  std::string_view source;       ///< NAME
  std::string_view author;       ///< handle, as the source spells it, without @
  std::string_view author_name;  ///< display name
  std::optional<Timestamp> created_at;
  std::string_view lang;  ///< BCP 47
  std::string_view url;
  std::string_view text;                   ///< plain text, never markup
  std::vector<std::string_view> hashtags;  ///< without #, as written
  std::vector<Media> media;
  Timestamp ingested_at;
  std::string_view refused{};  ///< why it cannot be published; "" if it can
  /// What `text` says, as HTML: well-formed as XML, too, and cleaned by the source of all that
  /// could do more than be read. "" where there is none.
  std::string_view html{};
  /// Of a replayed post: it is for these alone. Empty: for every target and format.
  std::vector<Pending> pending{};

  friend bool operator==(const Post&, const Post&) = default;
};

}  // namespace pullwire
