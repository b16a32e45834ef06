// An item as a feed has it, and how it becomes a post.
//
// Pure; not thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "ingestor/live/feed_document.hpp"
#include "ingestor/live/found_post.hpp"

namespace pullwire::ingestor {

struct FeedText {
  enum class Kind {
    None,
    Plain,
    Html,
    Ambiguous  ///< of RSS: HTML, which writers take for plain text where there is no tag
  };

  std::string value;
  Kind kind = Kind::None;
};

/// Fields are as the document has them, with its references resolved.
struct FeedItem {
  std::string id;    ///< guid, atom:id, rdf:about
  std::string link;  ///< where a person reads it, maybe relative
  FeedText title;
  FeedText content;  ///< in full
  FeedText summary;  ///< taken where there is no content
  std::vector<std::string> authors;
  std::string published;
  std::string updated;  ///< taken where there is no `published`
  std::string lang;
  std::vector<std::string> tags;  ///< phrases, also several in one with , or ; between
  std::vector<FoundMedia> media;
  std::string base;       ///< URL that its links are relative to
  std::string text_base;  ///< and those in its text; "": its own URL, or `base` if it has none
  std::string broken;     ///< why it is no item; "": it is one
};

/// Makes the document's posts of items in their order.
class FeedPosts {
 public:
  static constexpr std::size_t kMost = 10'000;

  /// Counts an item. False if there are as many as are read.
  bool begin();
  /// The item that was begun last is whole.
  void add(FeedItem&& item);
  /// How many were begun.
  std::size_t count() const { return count_; }

  /// The document, with what the feed says of all its items.
  FeedDocument finish(const std::vector<std::string>& authors, std::string_view lang,
                      std::string damage);

 private:
  FeedDocument document_;
  std::unordered_set<std::string> ids_;
  std::size_t count_ = 0;
};

/// Without blanks around it and with one for each run of them within.
std::string one_blank(std::string_view text);

/// What the web calls a language ("en-US", also written en_us); "" for anything else.
std::string language_of(std::string_view written);

/// "image", "video", "audio", or "" for any other MIME type.
std::string media_type_of(std::string_view mime_type);

}  // namespace pullwire::ingestor
