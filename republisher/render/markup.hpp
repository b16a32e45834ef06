// Builds HTML out of posts on a pugixml tree, so that what a stranger wrote is
// escaped by construction. Pure; shared by documents, the index and the feed.
#pragma once

#include <string>
#include <string_view>

#include <pugixml.hpp>

#include "common/model/time.hpp"

namespace pullwire::republisher {

/// Appends <name>text</name>. Never written as <name/>, which HTML does not
/// know. `text` must be clean (plain.hpp), as all text given to this unit.
pugi::xml_node add_element(pugi::xml_node parent, const char* name, std::string_view text = {},
                           const char* css_class = nullptr);

/// Appends a void element (meta, br, link).
pugi::xml_node add_void(pugi::xml_node parent, const char* name);

void add_text(pugi::xml_node parent, std::string_view text);
void set(pugi::xml_node node, const char* attribute, std::string_view value);

/// What a page's style is for.
enum class PageStyle { Text, Html };  ///< Html: also for what add_html() appends

/// Begins a page with the house's style and a policy that lets nothing be
/// loaded or run; returns its <main>. `lang` is checked here.
pugi::xml_node begin_page(pugi::xml_document& page, std::string_view title, std::string_view lang,
                          PageStyle style = PageStyle::Text);

/// Reads a post's HTML (clean, as all text) into `document`, whose children are its nodes
/// then; false if it is not well-formed.
bool read_html(std::string_view html, pugi::xml_document& document);

/// Appends what read_html() has read as <div class="body">.
void add_html(pugi::xml_node parent, const pugi::xml_document& html);

/// Appends a link to a stranger's URL, or, if is_web_url() denies it, the text alone.
void add_link(pugi::xml_node parent, std::string_view url, std::string_view text);

/// Name and handle, each isolated from the direction of what stands around.
void add_author(pugi::xml_node parent, std::string_view author_name, std::string_view author,
                std::string_view source);

/// <time> to the second: as fine as HTML's own grammar and a reader need it.
pugi::xml_node add_time(pugi::xml_node parent, Timestamp time);

/// One <p dir="auto"> for each paragraph, <br> for each line break, links and
/// hashtags marked up.
void add_paragraphs(pugi::xml_node parent, std::string_view text);

/// The tree as HTML without white space of its own.
std::string to_html(const pugi::xml_node& root);

}  // namespace pullwire::republisher
