#include "republisher/platforms/wordpress_entry.hpp"

#include <algorithm>
#include <utility>

#include <pugixml.hpp>

#include "common/model/hashtag.hpp"
#include "republisher/platforms/publication_key.hpp"
#include "republisher/render/fragment.hpp"
#include "republisher/render/markup.hpp"
#include "republisher/render/plain.hpp"
#include "republisher/render/title.hpp"

namespace pullwire::republisher {
namespace {

constexpr std::size_t kWords = 6;
constexpr std::size_t kWordsBytes = 80;
constexpr std::size_t kMostTags = 10;
constexpr std::size_t kTagBytes = 180;  // WordPress: 200 characters of HTML
constexpr std::size_t kDigestDigits = 16;

/// Lower case; "" for a word with other letters than a-z.
std::string slug_word(std::string_view word) {
  std::string plain;
  for (const char c : word) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9')) {
      plain += lower;
    } else if (static_cast<unsigned char>(c) >= 0x80) {
      return {};
    }
  }
  return plain;
}

std::string slug_words(std::string_view title) {
  std::string words;
  std::size_t count = 0;
  while (!title.empty() && count < kWords) {
    const std::size_t end = std::min(title.size(), title.find_first_of(" -/_.,:;"));
    const std::string word = slug_word(title.substr(0, end));
    title.remove_prefix(std::min(title.size(), end + 1));
    if (word.empty()) continue;
    if (words.size() + word.size() + 1 > kWordsBytes) break;
    words.append(word).append(1, '-');
    ++count;
  }
  return words.empty() ? "post-" : words;
}

/// Without this "[gallery]" would be a command. No reader sees a difference.
std::string without_shortcodes(std::string_view html) {
  std::string out;
  out.reserve(html.size());
  for (const char c : html) {
    if (c == '[') {
      out += "&#91;";
    } else {
      out += c;
    }
  }
  return out;
}

/// WordPress adds no paragraphs and line breaks of its own to what is in blocks.
std::string block(std::string_view html) {
  return "<!-- wp:html -->\n" + without_shortcodes(html) + "\n<!-- /wp:html -->";
}

}  // namespace

std::string wordpress_title(const Post& post) {
  pugi::xml_document title;
  add_text(title.append_child("x"), post_title(post));
  return to_html(title.first_child());
}

std::string wordpress_slug(const Post& post, std::string_view target) {
  return slug_words(post_title(post)) +
         stable_digest({post.post_id, target}).substr(0, kDigestDigits);
}

std::string wordpress_content(const Post& post) {
  return block(render_fragment(post));
}

std::string wordpress_file_link(std::string_view url) {
  pugi::xml_document link;
  add_link(add_element(link, "p", {}, "pullwire-file"), url, "PDF");
  return "\n\n" + block(to_html(link));
}

std::vector<std::string> wordpress_tags(const Post& post) {
  std::vector<std::string> tags;
  std::vector<std::string> keys;
  for (const std::string_view hashtag : post.hashtags) {
    std::string tag = one_line(hashtag, kTagBytes);
    std::string key = fold_hashtag(tag);
    if (key.empty() || std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    keys.push_back(std::move(key));
    tags.push_back(std::move(tag));
    if (tags.size() == kMostTags) break;
  }
  return tags;
}

}  // namespace pullwire::republisher
