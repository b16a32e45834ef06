#include "republisher/render/fitted_text.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <unordered_set>
#include <utility>

#include "common/model/hashtag.hpp"
#include "republisher/render/graphemes.hpp"
#include "republisher/render/plain.hpp"
#include "republisher/render/segments.hpp"
#include "republisher/render/text_pattern.hpp"
#include "republisher/render/text_size.hpp"

namespace pullwire::republisher {
namespace {

constexpr std::size_t kNameBytes = 200;
constexpr std::size_t kAltBytes = 1000;
/// A grapheme that has more is none that people write.
constexpr std::size_t kEnoughBytes = 32;
constexpr std::size_t kAnyBytes = std::numeric_limits<std::size_t>::max() / 2;

/// The post's text: clean, no tabs, no blanks at the ends of lines, at most one blank line
/// between two others. "" if there is nothing to be seen in it.
/// Of a text that is far longer than `graphemes` only the beginning.
std::string tidy(std::string_view text, std::size_t graphemes) {
  std::string cleaned = clean(text);
  const std::size_t enough = kEnoughBytes * (1000 + graphemes);
  if (cleaned.size() > enough) cleaned = std::string{cut(cleaned, enough)}.append(kEllipsis);
  std::replace(cleaned.begin(), cleaned.end(), '\t', ' ');
  std::string out;
  bool blank_before = false;
  for (std::string_view line : split_lines(cleaned)) {
    line = line.substr(0, line.find_last_not_of(' ') + 1);
    if (line.empty()) {
      blank_before = true;
      continue;
    }
    if (!out.empty()) out.append(blank_before ? "\n\n" : "\n");
    blank_before = false;
    out.append(line);
  }
  if (one_line(out, PostLimits::kTextBytes).empty()) out.clear();
  out.erase(0, std::min(out.find_first_not_of(' '), out.size()));
  return out;
}

/// What stands for a placeholder as long as there is room for it.
struct List {
  std::vector<std::string> items;
  char separator;

  [[nodiscard]] std::string text() const {
    std::string all;
    for (const std::string& item : items) {
      if (!all.empty()) all += separator;
      all += item;
    }
    return all;
  }
  /// Leaves out what can never fit.
  void bound(const TextSize& most) {
    TextSize size;
    const auto exceeds = [&](const std::string& item) {
      size.graphemes += count_graphemes(item);
      size.bytes += item.size();
      return !size.within(most);
    };
    items.erase(std::find_if(items.begin(), items.end(), exceeds), items.end());
  }
};

List hashtags_of(const Post& post, std::string_view text_shown) {
  std::unordered_set<std::string> known;
  for (const Segment& segment : split_segments(text_shown)) {
    if (segment.kind != SegmentKind::Hashtag) continue;
    known.insert(fold_hashtag(bare_hashtag(segment.text)));
  }
  List list{.items = {}, .separator = ' '};
  for (const std::string_view written : post.hashtags) {
    const std::string tag = hashtag_of(clean(written));
    if (!tag.empty() && known.insert(fold_hashtag(tag)).second) list.items.push_back('#' + tag);
  }
  return list;
}

List media_of(const Post& post) {
  List list{.items = {}, .separator = '\n'};
  for (const Media& media : post.media) {
    const std::string alt = one_line(media.alt, kAltBytes);
    if (alt.empty()) continue;
    const std::string type = one_line(media.type, kNameBytes);
    list.items.push_back("[" + (type.empty() ? "attachment" : type) + ": " + alt + "]");
  }
  return list;
}

std::string address_of(const Post& post) {
  return is_web_url(post.url) && clean(post.url) == post.url ? std::string{post.url} : "";
}

bool has_link(const std::vector<TextSpan>& spans, std::string_view url) {
  return std::any_of(spans.begin(), spans.end(), [&](const TextSpan& span) {
    return span.kind == TextSpan::Kind::Link && span.value == url;
  });
}

class Fitting {
 public:
  Fitting(const Post& post, std::string_view pattern, const TextLimits& limits)
      : pattern_{pattern},
        most_{limits.graphemes, limits.bytes > 0 ? limits.bytes : kAnyBytes},
        link_{limits.link} {
    if (shows(pattern, Field::Text)) text_ = tidy(post.text, limits.graphemes);
    text_size_ = measure(text_, std::nullopt, link_).size;
    use(address_of(post));
    hashtags_ = hashtags_of(post, text_);
    hashtags_.bound(most_);
    media_ = media_of(post);
    media_.bound(most_);
    values_[Field::Author] = display_handle(handle_beside(post.author, post.author_name));
    values_[Field::AuthorName] = display_name(post.author_name, post.author, post.source);
    values_[Field::Source] = one_line(post.source, kNameBytes);
    if (post.created_at) values_[Field::CreatedAt] = display_time(*post.created_at);
  }

  /// Nothing if the pattern is too long for the limits, or shows nothing of this post.
  std::optional<FittedText> fit() {
    if (!url_.empty() && has_link(measure(text_, std::nullopt, link_).spans, url_)) {
      Fitting without = *this;
      without.use("");
      auto fitted = without.fit_fields();
      if (fitted && has_link(fitted->spans, url_)) return fitted;
    }
    return fit_fields();
  }

 private:
  /// Of an address nothing can be left out: one that never fits is not shown.
  void use(std::string url) {
    constexpr TextSize kLeast{.graphemes = 3, .bytes = 2 + kEllipsis.size()};  // "…\n\n"
    url_ = std::move(url);
    url_size_ = measure(url_, UrlPlace{0, url_.size()}, link_).size;
    if (url_.empty()) url_size_ = {};
    const TextSize least{.graphemes = url_size_.graphemes + kLeast.graphemes,
                         .bytes = url_size_.bytes + kLeast.bytes};
    if (!url_.empty() && !least.within(most_)) use("");
  }

  std::optional<FittedText> fit_fields() {
    if (auto whole = filled(text_)) return whole;
    leave_out();
    if (auto whole = filled(text_)) return whole;
    if (text_.empty()) return std::nullopt;
    const TextSize least = size_with(kEllipsis);
    if (!least.within(most_)) return std::nullopt;
    TextSize room{.graphemes = most_.graphemes - least.graphemes + 1,
                  .bytes = most_.bytes - least.bytes + kEllipsis.size()};
    // What stands beside each other may be longer than both were, by little.
    for (; room.graphemes > 0; --room.graphemes) {
      if (auto cut = filled(shortened_text(text_, room, link_))) return cut;
    }
    return std::nullopt;
  }

  /// All but text and URL has half of the room, and what the text leaves.
  void leave_out() {
    const auto allowed = [](std::size_t most, std::size_t url, std::size_t text,
                            std::size_t ellipsis) {
      const std::size_t room = most - std::min(most, url);
      return most - std::min(text, room / 2) + std::min(ellipsis, room / 2);
    };
    const TextSize share{
        .graphemes = allowed(most_.graphemes, url_size_.graphemes, text_size_.graphemes, 1),
        .bytes = allowed(most_.bytes, url_size_.bytes, text_size_.bytes, kEllipsis.size())};
    const std::string_view sign = text_.empty() ? std::string_view{} : kEllipsis;
    for (List* list : {&hashtags_, &media_}) {
      while (!list->items.empty() && !size_with(sign).within(share)) list->items.pop_back();
    }
    for (const Field field : {Field::CreatedAt, Field::Source, Field::Author, Field::AuthorName}) {
      if (!size_with(sign).within(share)) values_[field].clear();
    }
  }

  std::pair<std::string, MeasuredText> fill_with(std::string_view text) {
    values_[Field::Text] = text;
    values_[Field::Url] = url_;
    values_[Field::Hashtags] = hashtags_.text();
    values_[Field::Media] = media_.text();
    FilledPattern filled = fill(pattern_, values_);
    std::optional<UrlPlace> url;
    if (filled.url) url = UrlPlace{*filled.url, url_.size()};
    MeasuredText measured = measure(filled.text, url, link_);
    return {std::move(filled.text), std::move(measured)};
  }

  TextSize size_with(std::string_view text) { return fill_with(text).second.size; }

  /// Nothing if it does not fit, or there is nothing.
  std::optional<FittedText> filled(std::string_view text) {
    auto [words, measured] = fill_with(text);
    if (words.empty() || !measured.size.within(most_)) return std::nullopt;
    return FittedText{.text = std::move(words),
                      .spans = std::move(measured.spans),
                      .graphemes = measured.size.graphemes};
  }

  std::string_view pattern_;
  TextSize most_;
  std::size_t link_;
  std::string text_;  // "" if the pattern does not show it
  TextSize text_size_{};
  std::string url_;
  TextSize url_size_{};
  List hashtags_{};
  List media_{};
  FieldValues values_{};
};

}  // namespace

FittedText fit_text(const Post& post, std::string_view pattern, const TextLimits& limits) {
  // The others for posts that have nothing of what is asked for, or too long an address.
  for (const std::string_view one :
       {pattern, kDefaultPattern, std::string_view{"{text}"}, std::string_view{"{media}"},
        std::string_view{"{url}"}, std::string_view{"{author_name}"}}) {
    if (auto fitted = Fitting{post, one, limits}.fit()) return *std::move(fitted);
  }
  return {.text = std::string{kEllipsis}, .spans = {}, .graphemes = 1};
}

}  // namespace pullwire::republisher
