#include <algorithm>

#include "republisher/publish/site_pages.hpp"
#include "republisher/render/markup.hpp"
#include "republisher/render/plain.hpp"

namespace pullwire::republisher {
namespace {

constexpr std::size_t kTitleBytes = 120;

pugi::xml_node add_feed_link(pugi::xml_node parent, const char* relation, std::string_view href,
                             std::string_view media_type) {
  pugi::xml_node link = add_void(parent, "link");
  set(link, "rel", relation);
  if (!media_type.empty()) set(link, "type", media_type);
  set(link, "href", href);
  return link;
}

std::string content_html(const Listing& listing) {
  pugi::xml_document fragment;
  pugi::xml_node root = fragment.append_child("div");
  add_paragraphs(root, listing.text);
  return to_html(root);
}

void add_entry(pugi::xml_node feed, const Listing& listing) {
  pugi::xml_node entry = feed.append_child("entry");
  if (!listing.lang.empty()) set(entry, "xml:lang", listing.lang);
  add_element(entry, "id", uuid_urn(key_digest(listing.key)));
  // RFC 4287 wants a title and a person with a name, also where nobody gave one.
  std::string name = display_name(listing.author_name, listing.author, listing.source);
  if (name.empty()) name = listing.key;
  const std::string title = one_line(listing.text, kTitleBytes);
  add_element(entry, "title", title.empty() ? name : title);
  add_element(add_element(entry, "author"), "name", name);
  if (listing.created_at) add_element(entry, "published", to_text(*listing.created_at));
  add_element(entry, "updated", to_text(listing.created_at.value_or(listing.listed_at)));
  for (const Listing::File& file : listing.files) {
    add_feed_link(entry, "alternate", file.path, file.media_type);
  }
  if (!listing.url.empty()) add_feed_link(entry, "via", listing.url, "");
  for (const std::string& hashtag : listing.hashtags) {
    set(add_void(entry, "category"), "term", hashtag);
  }
  set(add_element(entry, "content", content_html(listing)), "type", "html");
}

class StringWriter : public pugi::xml_writer {
 public:
  void write(const void* data, std::size_t size) override {
    text.append(static_cast<const char*>(data), size);
  }
  std::string text;
};

}  // namespace

std::string render_feed(std::span<const Listing> listings, const FeedIdentity& identity) {
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  set(declaration, "version", "1.0");
  set(declaration, "encoding", "utf-8");
  pugi::xml_node feed = document.append_child("feed");
  set(feed, "xmlns", "http://www.w3.org/2005/Atom");
  add_element(feed, "id", uuid_urn(identity.id));
  add_element(feed, "title", "Posts");
  Timestamp updated = identity.created;
  for (const Listing& listing : listings) updated = std::max(updated, listing.listed_at);
  add_element(feed, "updated", to_text(updated));
  set(add_element(feed, "generator", "Pullwire"), "version", PULLWIRE_VERSION);
  add_feed_link(feed, "self", "feed.atom", "application/atom+xml");
  add_feed_link(feed, "alternate", "index.html", "text/html");
  for (const Listing& listing : listings) add_entry(feed, listing);
  StringWriter writer;
  document.save(writer, "", pugi::format_raw, pugi::encoding_utf8);
  return std::move(writer.text) + "\n";
}

}  // namespace pullwire::republisher
