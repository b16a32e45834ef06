#include "republisher/render/text_size.hpp"

#include <algorithm>

#include "republisher/render/graphemes.hpp"
#include "republisher/render/segments.hpp"

namespace pullwire::republisher {
namespace {

/// Graphemes. What goes on for longer without a place to cut at is cut between graphemes.
constexpr std::size_t kLongestWord = 48;

/// Whether every platform takes it for a link from its beginning to its end: ASCII, and a host
/// that ends in a name of letters.
bool is_ordinary(std::string_view url) {
  if (std::any_of(url.begin(), url.end(),
                  [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) {
    return false;
  }
  const auto segments = split_segments(url);
  if (segments.size() != 1 || segments.front().kind != SegmentKind::Link) return false;
  const std::size_t begin = url.find("://") + 3;
  const std::string_view host = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  const std::size_t dot = host.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || host.size() - dot < 3) return false;
  const std::string_view last = host.substr(dot + 1);
  return std::all_of(last.begin(), last.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

std::size_t link_size(std::string_view url, std::size_t link) {
  if (link > 0 && is_ordinary(url)) return link;
  return std::max(link, count_graphemes(url));
}

std::string_view tag_of(std::string_view hashtag) {
  return hashtag.substr(hashtag.front() == '#' ? 1 : std::string_view{"\xEF\xBC\x83"}.size());
}

void add_link(MeasuredText& whole, std::string_view url, std::size_t link) {
  const std::size_t begin = whole.size.bytes;
  whole.size.bytes += url.size();
  whole.size.graphemes += link_size(url, link);
  whole.spans.push_back({.kind = TextSpan::Kind::Link,
                         .begin = begin,
                         .end = whole.size.bytes,
                         .value = std::string{url}});
}

void add_segments(MeasuredText& whole, std::string_view text, std::size_t link) {
  for (const Segment& segment : split_segments(text)) {
    if (segment.kind == SegmentKind::Link) {
      add_link(whole, segment.text, link);
      continue;
    }
    const std::size_t begin = whole.size.bytes;
    whole.size.bytes += segment.text.size();
    whole.size.graphemes += count_graphemes(segment.text);
    if (segment.kind == SegmentKind::Hashtag) {
      whole.spans.push_back({.kind = TextSpan::Kind::Hashtag,
                             .begin = begin,
                             .end = whole.size.bytes,
                             .value = std::string{tag_of(segment.text)}});
    }
  }
}

/// The segments of a text while one walks through it.
class Segments {
 public:
  Segments(std::string_view text, std::size_t link)
      : segments_{split_segments(text)}, link_{link} {}

  /// To be called for each code point in order; whether a segment begins there.
  bool reach(std::size_t at) {
    if (at < end_) return false;
    ++index_;
    end_ += segments_[index_].text.size();
    return true;
  }
  [[nodiscard]] bool in_link() const { return kind() == SegmentKind::Link; }
  [[nodiscard]] bool whole() const { return kind() != SegmentKind::Text; }
  [[nodiscard]] std::size_t link_graphemes() const {
    return link_size(segments_[index_].text, link_);
  }

 private:
  [[nodiscard]] SegmentKind kind() const { return segments_[index_].kind; }

  std::vector<Segment> segments_;
  std::size_t link_;
  std::size_t index_ = static_cast<std::size_t>(-1);
  std::size_t end_ = 0;
};

/// Where `text` can be cut so that it is within `most`, in bytes.
std::size_t cut_at(std::string_view text, const TextSize& most, std::size_t link) {
  struct Place {
    std::size_t at = 0;
    std::size_t graphemes = 0;
  };
  Place last;
  Place word;
  Segments segments{text, link};
  std::size_t graphemes = 0;
  bool in_address = false;  // behind "://" of what is no link: half of it would be a wrong one
  for (GraphemeWalk walk{text}; walk.next();) {
    const std::size_t at = walk.begin();
    const bool begins = segments.reach(at);
    const bool boundary = is_word_boundary(walk);
    if (walk.begins_cluster() && (begins || !segments.whole())) {
      if (graphemes > most.graphemes || at > most.bytes) break;
      if (boundary) word = {at, graphemes};
      if (boundary || !(in_address || walk.behind_virama())) last = {at, graphemes};
    }
    if (boundary) in_address = false;
    if (text.substr(at).starts_with("://")) in_address = true;
    if (segments.in_link()) {
      if (begins) graphemes += segments.link_graphemes();
    } else if (begins || walk.begins_cluster()) {
      ++graphemes;
    }
  }
  const bool too_far = word.at == 0 || last.graphemes - word.graphemes > kLongestWord;
  return too_far ? last.at : word.at;
}

}  // namespace

MeasuredText measure(std::string_view text, std::optional<UrlPlace> url, std::size_t link) {
  MeasuredText whole;
  add_segments(whole, text.substr(0, url ? url->begin : text.size()), link);
  if (url) {
    add_link(whole, text.substr(url->begin, url->size), link);
    add_segments(whole, text.substr(url->begin + url->size), link);
  }
  return whole;
}

std::string shortened_text(std::string_view text, const TextSize& most, std::size_t link) {
  const TextSize room{.graphemes = std::max<std::size_t>(most.graphemes, 1) - 1,
                      .bytes = std::max(most.bytes, kEllipsis.size()) - kEllipsis.size()};
  text = text.substr(0, cut_at(text, room, link));
  while (text.ends_with(' ') || text.ends_with('\n')) text.remove_suffix(1);
  return std::string{text}.append(kEllipsis);
}

}  // namespace pullwire::republisher
