#include <string>

#include "republisher/render/fragment.hpp"
#include "republisher/render/markup.hpp"
#include "republisher/render/plain.hpp"
#include "republisher/render/renderer.hpp"
#include "republisher/render/segments.hpp"

namespace pullwire::republisher {
namespace {

constexpr std::size_t kTitleBytes = 120;

std::string page_title(const Post& post) {
  const std::string name = display_name(post.author_name, post.author, post.source);
  const std::string start = one_line(post.text, kTitleBytes);
  return start.empty() ? name : name + ": " + start;
}

void add_hashtags(pugi::xml_node article, const Post& post) {
  if (post.hashtags.empty()) return;
  pugi::xml_node list = add_element(article, "ul", {}, "tags");
  set(list, "aria-label", "Hashtags");
  for (const std::string_view hashtag : post.hashtags) {
    add_element(add_element(list, "li"), "bdi", "#" + one_line(hashtag, PostLimits::kFieldBytes));
  }
}

void add_media(pugi::xml_node article, const Post& post) {
  if (post.media.empty()) return;
  pugi::xml_node list = add_element(article, "ul", {}, "media");
  set(list, "aria-label", "Attachments");
  for (const Media& media : post.media) {
    pugi::xml_node item = add_element(list, "li");
    const std::string type = one_line(media.type, PostLimits::kFieldBytes);
    add_link(item, clean(media.url), type.empty() ? "attachment" : type);
    if (media.alt.empty()) continue;
    pugi::xml_node alt = add_element(item, "div", {}, "alt");
    add_paragraphs(alt, clean(media.alt));
  }
}

/// What the post says, as HTML of its own or made of the text.
class Body {
 public:
  explicit Body(const Post& post)
      : post_{post}, has_html_{!post.html.empty() && read_html(clean(post.html), html_)} {}

  [[nodiscard]] bool has_html() const { return has_html_; }
  void add_to(pugi::xml_node parent) const {
    if (has_html_) {
      add_html(parent, html_);
    } else {
      add_paragraphs(parent, clean(post_.text));
    }
  }

 private:
  const Post& post_;
  pugi::xml_document html_;
  bool has_html_;
};

}  // namespace

std::string render_html(const Post& post) {
  pugi::xml_document page;
  const Body body{post};
  const PageStyle style = body.has_html() ? PageStyle::Html : PageStyle::Text;
  pugi::xml_node article =
      add_element(begin_page(page, page_title(post), post.lang, style), "article", {}, "post");
  pugi::xml_node header = add_element(article, "header");
  add_author(header, post.author_name, post.author, post.source);
  if (post.created_at) {
    add_text(add_time(header, *post.created_at), display_time(*post.created_at));
  }
  body.add_to(article);
  add_hashtags(article, post);
  add_media(article, post);
  const std::string url = clean(post.url);
  if (is_web_url(url)) {
    pugi::xml_node footer = add_element(article, "footer", "Original: ");
    set(footer, "lang", "en");
    add_link(footer, url, url);
  }
  return to_html(page) + "\n";
}

std::string render_fragment(const Post& post) {
  pugi::xml_document fragment;
  pugi::xml_node part = add_element(fragment, "div", {}, "pullwire-post");
  if (is_language_tag(post.lang)) set(part, "lang", post.lang);
  Body{post}.add_to(part);
  add_media(part, post);
  pugi::xml_node origin = add_element(part, "p", {}, "origin");
  add_author(origin, post.author_name, post.author, post.source);
  const std::string url = clean(post.url);
  if (is_web_url(url)) {
    add_text(origin, " · ");
    add_link(origin, url, url);
  }
  return to_html(fragment);
}

}  // namespace pullwire::republisher
