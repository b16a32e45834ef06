#include "ingestor/live/feed_json.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <simdjson.h>

#include "ingestor/live/feed_item.hpp"
#include "ingestor/live/json_outline.hpp"

namespace pullwire::ingestor {
namespace {

using simdjson::dom::element;

constexpr std::size_t kMostTags = 1024;
constexpr std::size_t kMostMedia = 256;
constexpr std::size_t kMostAuthors = 16;

/// A string, or a number as it is written; "" for anything else.
std::string string_of(element value) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) return std::string{text};
  if (value.is<std::int64_t>() || value.is<std::uint64_t>()) return simdjson::minify(value);
  return {};
}

std::string member(element object, std::string_view name) {
  element value;
  return object[name].get(value) == simdjson::SUCCESS ? string_of(value) : std::string{};
}

/// Calls `use` with each element of an array.
void for_each(element value, auto use) {
  simdjson::dom::array array;
  if (value.get(array) != simdjson::SUCCESS) return;
  for (const element entry : array) use(entry);
}

void add_author(element author, std::vector<std::string>& authors) {
  std::string name = author.is_object() ? member(author, "name") : string_of(author);
  if (!name.empty() && authors.size() < kMostAuthors) authors.push_back(std::move(name));
}

void add_media(element attachment, FeedItem& item) {
  if (item.media.size() == kMostMedia || !attachment.is_object()) return;
  std::string url = member(attachment, "url");
  if (url.empty()) return;
  item.media.push_back({media_type_of(member(attachment, "mime_type")), std::move(url),
                        member(attachment, "title")});
}

void add_image(std::string url, FeedItem& item) {
  if (!url.empty() && item.media.size() < kMostMedia)
    item.media.push_back({"image", std::move(url), {}});
}

FeedItem item_of(const simdjson::dom::object& object, std::string_view base) {
  FeedItem item;
  item.base = base;
  std::string external;
  FeedText plain;
  for (const auto& [key, value] : object) {
    if (key == "id") item.id = string_of(value);
    if (key == "url") item.link = string_of(value);
    if (key == "external_url") external = string_of(value);
    if (key == "title") item.title = {string_of(value), FeedText::Kind::Plain};
    if (key == "content_html") item.content = {string_of(value), FeedText::Kind::Html};
    if (key == "content_text") plain = {string_of(value), FeedText::Kind::Plain};
    if (key == "summary") item.summary = {string_of(value), FeedText::Kind::Plain};
    if (key == "date_published") item.published = string_of(value);
    if (key == "date_modified") item.updated = string_of(value);
    if (key == "language") item.lang = string_of(value);
    if (key == "image" || key == "banner_image") add_image(string_of(value), item);
    if (key == "author") add_author(value, item.authors);
    if (key == "authors") for_each(value, [&](element e) { add_author(e, item.authors); });
    if (key == "attachments") for_each(value, [&](element e) { add_media(e, item); });
    if (key == "tags") {
      for_each(value, [&](element tag) {
        if (item.tags.size() < kMostTags) item.tags.push_back(string_of(tag));
      });
    }
  }
  if (item.content.value.empty()) item.content = std::move(plain);
  if (item.link.empty()) item.link = std::move(external);
  return item;
}

class JsonReader {
 public:
  JsonReader(std::string_view text, std::string_view url) : text_{text}, url_{url} {}

  FeedDocument read() {
    JsonOutline outline{text_};
    bool items = false;
    while (!full_ && outline.next()) {
      if (outline.key() == "\"items\"" && outline.value().starts_with('[')) {
        items = true;
        read_items(outline.value());
      } else {
        read_member(outline.key(), outline.value());
      }
    }
    if (!full_ && outline.cut()) {
      damage_ = "it is cut off behind item " + std::to_string(posts_.count());
      // The value that the text ends in is not one to the outline, but has items.
      if (!items) items = read_cut_items();
    }
    if (!items) {
      throw NoFeed{"is JSON, but no JSON Feed: it has no items; give the URL of a feed"};
    }
    return posts_.finish(authors_, lang_, std::move(damage_));
  }

 private:
  void read_member(std::string_view key, std::string_view value) {
    if (key != "\"language\"" && key != "\"author\"" && key != "\"authors\"") return;
    const auto parsed = parse(value);
    if (!parsed) return;
    if (key == "\"language\"") lang_ = string_of(*parsed);
    if (key == "\"author\"") add_author(*parsed, authors_);
    if (key == "\"authors\"") for_each(*parsed, [this](element e) { add_author(e, authors_); });
  }

  /// Returns whether it got to the array's end.
  bool read_items(std::string_view array) {
    JsonOutline outline{array};
    while (outline.next()) {
      if (!posts_.begin()) {
        full_ = true;
        damage_ = "there are more than " + std::to_string(FeedPosts::kMost) +
                  " items, the others were left out";
        return true;
      }
      posts_.add(read_item(outline.value()));
    }
    return !outline.cut();
  }

  FeedItem read_item(std::string_view json) {
    FeedItem item;
    if (json.size() > kMostJsonItemBytes) {
      item.broken = "has " + std::to_string(json.size()) + " bytes, at most " +
                    std::to_string(kMostJsonItemBytes);
      return item;
    }
    const auto parsed = parse(json);
    simdjson::dom::object object;
    if (!parsed) {
      item.broken = std::string{"is not valid JSON: "} + simdjson::error_message(error_);
    } else if (parsed->get(object) != simdjson::SUCCESS) {
      item.broken = "is no JSON object";
    } else {
      item = item_of(object, url_);
    }
    return item;
  }

  /// Finds the array that the text ends in.
  bool read_cut_items() {
    JsonOutline outline{text_};
    std::size_t end = 1;
    while (outline.next()) {
      end =
          static_cast<std::size_t>(outline.value().data() - text_.data()) + outline.value().size();
    }
    const std::size_t key = text_.find("\"items\"", end);
    const std::size_t begin = key == std::string_view::npos ? key : text_.find('[', key);
    if (begin == std::string_view::npos) return false;
    read_items(text_.substr(begin));
    if (!full_) {
      damage_ = "it is cut off behind item " + std::to_string(posts_.count()) +
                " of those that are whole";
    }
    return true;
  }

  std::optional<element> parse(std::string_view json) {
    if (json.size() > kMostJsonItemBytes) return std::nullopt;
    element result;
    error_ = parser_.parse(json.data(), json.size()).get(result);
    if (error_ != simdjson::SUCCESS) return std::nullopt;
    return result;
  }

  std::string_view text_;
  std::string_view url_;
  simdjson::dom::parser parser_;
  simdjson::error_code error_ = simdjson::SUCCESS;
  FeedPosts posts_;
  std::vector<std::string> authors_;
  std::string lang_;
  std::string damage_;
  bool full_ = false;
};

}  // namespace

FeedDocument read_json_feed(std::string_view text, std::string_view url) {
  return JsonReader{text, url}.read();
}

}  // namespace pullwire::ingestor
