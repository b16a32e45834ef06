#include "republisher/publish/site_pages.hpp"

#include "republisher/render/markup.hpp"
#include "republisher/render/plain.hpp"

namespace pullwire::republisher {
namespace {

pugi::xml_node add_local_link(pugi::xml_node parent, std::string_view path, std::string_view text) {
  pugi::xml_node link = add_element(parent, "a", text);
  set(link, "href", path);
  return link;
}

void add_listing(pugi::xml_node main, const Listing& listing) {
  pugi::xml_node article = add_element(main, "article");
  set(article, "lang", listing.lang);
  pugi::xml_node header = add_element(article, "header");
  add_author(header, listing.author_name, listing.author, listing.source);
  const Timestamp time = listing.created_at.value_or(listing.listed_at);
  pugi::xml_node stamp = add_time(header, time);
  if (listing.files.empty()) {
    add_text(stamp, display_time(time));
  } else {
    add_local_link(stamp, listing.files.front().path, display_time(time));
  }
  const std::string excerpt = one_line(listing.text, Listing::kExcerptBytes);
  if (!excerpt.empty()) set(add_element(article, "p", excerpt), "dir", "auto");
  if (!listing.hashtags.empty()) {
    pugi::xml_node tags = add_element(article, "ul", {}, "tags");
    for (const std::string& hashtag : listing.hashtags) {
      add_element(add_element(tags, "li"), "bdi", "#" + hashtag);
    }
  }
  pugi::xml_node footer = add_element(article, "footer");
  set(footer, "lang", "en");
  pugi::xml_node list = add_element(footer, "ul", {}, "formats");
  for (const Listing::File& file : listing.files) {
    set(add_local_link(add_element(list, "li"), file.path, file.format), "type", file.media_type);
  }
  if (!listing.url.empty()) add_link(add_element(list, "li"), listing.url, "original");
}

void add_navigation(pugi::xml_node main, const PageLinks& links) {
  if (links.newer.empty() && links.older.empty()) return;
  pugi::xml_node navigation = add_element(main, "nav");
  const auto add = [&](const std::string& path, const char* relation, const char* text) {
    if (path.empty()) {
      add_element(navigation, "span");
    } else {
      set(add_local_link(navigation, path, text), "rel", relation);
    }
  };
  add(links.newer, "prev", "\xE2\x86\x90 Newer posts");
  add(links.older, "next", "Older posts \xE2\x86\x92");
}

}  // namespace

std::string render_index_page(std::span<const Listing> listings, const PageLinks& links) {
  pugi::xml_document page;
  pugi::xml_node main = begin_page(page, links.title, "en");
  pugi::xml_node feed = add_void(page.child("html").child("head"), "link");
  set(feed, "rel", "alternate");
  set(feed, "type", "application/atom+xml");
  set(feed, "href", "feed.atom");
  pugi::xml_node top = add_element(main, "div", {}, "top");
  add_element(top, "h1", links.title);
  add_local_link(top, "feed.atom", "Feed");
  if (listings.empty()) add_element(main, "p", "No posts yet.");
  for (const Listing& listing : listings) add_listing(main, listing);
  add_navigation(main, links);
  return to_html(page) + "\n";
}

}  // namespace pullwire::republisher
