#include "ingestor/live/feed_item.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>
#include <utility>

#include <sodium.h>

#include "common/model/hashtag.hpp"
#include "common/model/post.hpp"
#include "common/ops/text.hpp"
#include "ingestor/live/clean_html.hpp"
#include "ingestor/live/feed_charset.hpp"
#include "ingestor/live/feed_dates.hpp"
#include "ingestor/live/feed_references.hpp"
#include "ingestor/live/feed_title.hpp"
#include "ingestor/live/web_links.hpp"

namespace pullwire::ingestor {
namespace {

constexpr std::string_view kBlanks = " \t\n";
constexpr std::size_t kMostAuthors = 8;

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

class Hash {
 public:
  Hash() {
    static const int initialised = sodium_init();
    if (initialised < 0) throw std::runtime_error("libsodium cannot be initialised");
    crypto_generichash_init(&state_, nullptr, 0, kBytes);
  }
  /// Length first, so that no two lists of parts are the same.
  Hash& add(std::string_view part) {
    const std::string size = std::to_string(part.size()) + ":";
    update(size);
    update(part);
    return *this;
  }
  std::string text() {
    std::array<unsigned char, kBytes> bytes{};
    crypto_generichash_final(&state_, bytes.data(), bytes.size());
    std::string hex(2 * kBytes + 1, '\0');
    sodium_bin2hex(hex.data(), hex.size(), bytes.data(), bytes.size());
    hex.pop_back();
    return "hash:" + hex;
  }

 private:
  static constexpr std::size_t kBytes = 16;
  void update(std::string_view part) {
    crypto_generichash_update(&state_, reinterpret_cast<const unsigned char*>(part.data()),
                              part.size());
  }
  crypto_generichash_state state_{};
};

/// What the item is called, if it says so; else what it has, which changes with it.
std::string id_of(const FeedItem& item, const std::string& url) {
  std::string id = one_blank(item.id);
  if (id.empty()) id = url.empty() ? one_blank(item.link) : url;
  if (!id.empty()) return id;
  Hash hash;
  hash.add(item.title.value).add(item.content.value).add(item.summary.value).add(item.published);
  for (const FoundMedia& medium : item.media) hash.add(medium.url);
  return hash.text();
}

bool has_tag(std::string_view text) {
  return text.find('<') != std::string_view::npos;
}

struct Body {
  std::string text;
  std::string html;
  std::vector<FoundMedia> images;
};

Body body_of(const FeedText& content, const std::string& base) {
  Body body;
  switch (content.kind) {
    case FeedText::Kind::None: break;
    case FeedText::Kind::Plain: body.text = content.value; break;
    case FeedText::Kind::Ambiguous:
      if (!has_tag(content.value)) {
        append_resolved(content.value, body.text);
        break;
      }
      [[fallthrough]];
    case FeedText::Kind::Html: {
      CleanHtml clean = clean_html(content.value, base);
      body = {std::move(clean.text), std::move(clean.html), std::move(clean.images)};
      break;
    }
  }
  body.text = trimmed(without_controls(body.text));
  body.html = without_controls(body.html);
  return body;
}

bool is_empty(const FeedText& text) {
  return trimmed(text.value).empty();
}

std::string author_name(const std::string& written) {
  // "mail (Name)", "Name <mail>": the name.
  std::string name = plain_title({written, FeedText::Kind::Ambiguous});
  const std::size_t open = name.find('(');
  if (name.ends_with(')') && open != std::string::npos && name.find('@') < open) {
    name = one_blank(name.substr(open + 1, name.size() - open - 2));
  } else if (const std::size_t mail = name.find('<');
             name.ends_with('>') && mail != std::string::npos && mail > 0) {
    name = one_blank(name.substr(0, mail));
  }
  if (name.starts_with('@')) name.erase(0, 1);
  return name;
}

std::string authors_of(const std::vector<std::string>& written) {
  std::string names;
  std::vector<std::string> seen;
  for (const std::string& author : written) {
    std::string name = author_name(author);
    if (name.empty() || std::find(seen.begin(), seen.end(), name) != seen.end()) continue;
    if (seen.size() == kMostAuthors) break;
    names += (names.empty() ? "" : ", ") + name;
    seen.push_back(std::move(name));
  }
  return names;
}

/// From the item's tags, then from its text; each once, as many as a post can carry.
std::vector<std::string> hashtags_of(const FeedItem& item, const std::string& text) {
  std::vector<std::string> tags;
  std::unordered_set<std::string> known;
  const auto add = [&](std::string tag) {
    if (tag.empty() || tag.size() > PostLimits::kFieldBytes) return;
    if (known.insert(fold_hashtag(tag)).second) tags.push_back(std::move(tag));
  };
  for (const std::string& phrases : item.tags) {
    if (phrases.find("://") != std::string::npos) continue;  // the name of a scheme's term
    std::string_view rest = phrases;
    while (!rest.empty() && tags.size() < PostLimits::kHashtags) {
      const std::size_t size = std::min(rest.find_first_of(",;"), rest.size());
      add(hashtag_of(rest.substr(0, size)));
      rest.remove_prefix(std::min(size + 1, rest.size()));
    }
  }
  std::vector<std::string_view> in_text;
  collect_hashtags(text, in_text);
  for (const std::string_view tag : in_text) {
    if (tags.size() < PostLimits::kHashtags) add(std::string{tag});
  }
  return tags;
}

/// Each URL once, with what any of its mentions says; as many as a post can carry.
void add_media(std::vector<FoundMedia>&& found, std::string_view base,
               std::vector<FoundMedia>& media) {
  if (found.empty()) return;
  const WebLinks links{base};
  for (FoundMedia& medium : found) {
    if (media.size() == PostLimits::kMedia) return;
    medium.url = links.web(medium.url);
    if (medium.url.empty()) continue;
    medium.alt = one_blank(medium.alt);
    const auto same = std::find_if(media.begin(), media.end(),
                                   [&](const FoundMedia& m) { return m.url == medium.url; });
    if (same != media.end()) {
      if (same->type.empty()) same->type = std::move(medium.type);
      if (same->alt.empty()) same->alt = std::move(medium.alt);
    } else {
      media.push_back(std::move(medium));
    }
  }
}

/// The title is the first line unless the body begins with it.
void put_title(const std::string& title, FoundPost& post) {
  if (title.empty() || begins_with_title(post.text, title)) return;
  if (!post.html.empty()) {
    std::string heading = "<p><strong>";
    append_escaped(title, heading);
    post.html.insert(0, heading + "</strong></p>");
  }
  post.text = post.text.empty() ? title : title + "\n\n" + post.text;
}

FoundPost post_of(FeedItem&& item) {
  FoundPost post;
  const WebLinks links{item.base};
  post.url = links.web(one_blank(item.link));
  post.id = id_of(item, post.url);
  if (post.url.empty()) post.url = WebLinks{{}}.web(post.id);  // a guid is often the permanent link
  const std::string& otherwise = post.url.empty() ? item.base : post.url;
  const std::string base = item.text_base.empty() ? otherwise : item.text_base;
  Body body = body_of(is_empty(item.content) ? item.summary : item.content, base);
  post.text = std::move(body.text);
  post.html = std::move(body.html);
  put_title(plain_title(item.title), post);
  post.author = authors_of(item.authors);
  post.created_at = parse_feed_date(item.published);
  if (!post.created_at) post.created_at = parse_feed_date(item.updated);
  post.lang = language_of(item.lang);
  post.hashtags = hashtags_of(item, post.text);
  add_media(std::move(item.media), item.base, post.media);
  add_media(std::move(body.images), base, post.media);
  return post;
}

}  // namespace

bool FeedPosts::begin() {
  if (count_ == kMost) return false;
  ++count_;
  return true;
}

void FeedPosts::add(FeedItem&& item) {
  const auto skip = [this](std::string why) {
    document_.skipped.push_back({count_, std::move(why)});
  };
  if (!item.broken.empty()) return skip(std::move(item.broken));
  if (is_empty(item.title) && is_empty(item.content) && is_empty(item.summary) &&
      item.media.empty() && trimmed(item.link).empty()) {
    return skip("has neither title nor text");
  }
  FoundPost post = post_of(std::move(item));
  if (!ids_.insert(post.id).second) return skip("has the id of one before, " + in_quotes(post.id));
  document_.posts.push_back(std::move(post));
}

FeedDocument FeedPosts::finish(const std::vector<std::string>& authors, std::string_view lang,
                               std::string damage) {
  const std::string author = authors_of(authors);
  const std::string language = language_of(lang);
  for (FoundPost& post : document_.posts) {
    if (post.author.empty()) post.author = author;
    post.author_name = post.author;
    if (post.lang.empty()) post.lang = language;
  }
  document_.damage = std::move(damage);
  return std::move(document_);
}

std::string one_blank(std::string_view text) {
  std::string result;
  const std::string clean = without_controls(text);
  for (std::string_view rest = trimmed(clean); !rest.empty();) {
    const std::size_t size = std::min(rest.find_first_of(kBlanks), rest.size());
    result.append(result.empty() ? "" : " ").append(rest.substr(0, size));
    rest = trimmed(rest.substr(size));
  }
  return result;
}

std::string language_of(std::string_view written) {
  constexpr std::size_t kMostBytes = 35;  // RFC 5646, 4.4.1
  std::string lang{trimmed(written)};
  std::replace(lang.begin(), lang.end(), '_', '-');
  const bool good = lang.size() >= 2 && lang.size() <= kMostBytes && lang.front() != '-' &&
                    std::all_of(lang.begin(), lang.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             (c >= '0' && c <= '9') || c == '-';
                    });
  return good ? lang : std::string{};
}

std::string media_type_of(std::string_view mime_type) {
  for (const std::string_view type : {"image", "video", "audio"}) {
    if (mime_type == type || (mime_type.starts_with(type) && mime_type[type.size()] == '/')) {
      return std::string{type};
    }
  }
  return {};
}

}  // namespace pullwire::ingestor
