// Reads RSS and Atom, well-formed or not.
//
// Pure; not thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingestor/live/feed_document.hpp"
#include "ingestor/live/feed_element.hpp"
#include "ingestor/live/feed_item.hpp"
#include "ingestor/live/feed_names.hpp"
#include "ingestor/live/feed_scanner.hpp"

namespace pullwire::ingestor {

/// Reads one document, in one pass and without a tree: what is open is a feed, its channel, an
/// item and containers in it, and of these one element whose text is gathered. So nothing can
/// be nested so deep that it costs anything.
///
/// An end tag closes what it names with all that was opened since; one that names nothing is
/// passed over. An item that begins ends the one before.
class FeedXml {
 public:
  /// `text` is of decode_text(), `url` where it came from; both must outlive this.
  FeedXml(std::string_view text, std::string_view url) : text_{text}, url_{url}, scanner_{text} {}

  /// Once. Throws NoFeed.
  FeedDocument read();

 private:
  enum class Role { Feed, Item, Author, MediaGroup, MediaContent };
  struct Open {
    Role role;
    std::string_view name;
    std::string lang;
    std::string base;
  };

  void find_root();
  [[noreturn]] void refuse_page() const;
  void take_token();

  void start(bool empty);
  void start_field(FeedName name, FeedField field, bool empty);
  void start_gathering(FeedName name, FeedField field, bool empty);
  void start_item(bool empty);
  void start_link(bool empty);
  void start_category(bool empty);
  void start_text(FeedName name, FeedField field, bool empty);
  void gather(std::optional<FeedField> field, FeedText::Kind kind, bool empty);

  void end();
  void open(Role role, bool empty);
  void close();
  void close_down_to(std::size_t depth);
  void finish_element();
  void finish_author();
  void finish_item();

  void use(FeedField field, FeedText text);
  void use_media_text(FeedField field, FeedText text);
  void add_medium(std::string_view url_name);
  void add_author(std::string name);

  std::string attribute(std::string_view name) const;
  bool is_item(FeedName name) const;
  Role role() const { return open_.back().role; }
  bool in_item() const;
  void note(std::string_view what);
  std::string line() const;
  FeedDocument finish();

  std::string_view text_;
  std::string_view url_;
  FeedScanner scanner_;
  FeedNames names_;
  FeedRoot root_ = FeedRoot::None;
  std::vector<Open> open_;               // the feed first
  std::optional<FeedElement> gathered_;  // in the last of them
  FeedPosts posts_;
  FeedItem item_;
  std::string item_about_;  // rdf:about
  FeedText media_text_;     // a body where there is no other
  std::string thumbnail_;
  std::string author_text_;
  bool author_named_ = false;
  bool link_is_page_ = false;
  std::vector<std::string> feed_authors_;
  std::string feed_lang_;
  std::string damage_;
  bool cut_ = false;   // the text ended first
  bool full_ = false;  // no more items are read
};

}  // namespace pullwire::ingestor
