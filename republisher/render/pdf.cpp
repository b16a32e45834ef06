#include "republisher/render/pdf.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "common/model/time.hpp"
#include "republisher/render/pdf_fonts.hpp"
#include "republisher/render/pdf_languages.hpp"
#include "republisher/render/pdf_pages.hpp"
#include "republisher/render/pdf_text.hpp"
#include "republisher/render/plain.hpp"
#include "republisher/render/renderer.hpp"
#include "republisher/render/segments.hpp"

namespace pullwire::republisher {
namespace {

// cairo keeps every link of a document in memory; a text of hashtags alone has
// a hundred thousand.
constexpr std::size_t kLinks = 2000;
constexpr std::size_t kHashtagBytes = 512;
constexpr std::size_t kTitleBytes = 80;
constexpr const char* kHashtagList = "hashtags";

struct Styles {
  explicit Styles(const PdfFonts& fonts)
      : name{fonts.font(13, PANGO_WEIGHT_BOLD)}, text{fonts.font(11)}, small{fonts.font(8.5)} {}

  FontPtr name;
  FontPtr text;
  FontPtr small;
};

/// Text that is put together from fields of different origin.
struct Line {
  std::string text;
  std::vector<PdfLink> links;

  /// Appends a field, isolated: its direction does not touch its neighbours.
  void add(std::string_view field, std::string link = {}) {
    text += "\u2068";
    const std::size_t begin = text.size();
    text += field;
    if (!link.empty()) links.push_back({begin, text.size(), std::move(link)});
    text += "\u2069";
  }
};

std::string uri_attribute(std::string_view uri) {
  return std::string{"uri='"}.append(uri) + "'";
}

/// Where a hashtag leads: other posts on its platform, else this document's list.
std::string hashtag_attribute(const Post& post, std::string_view tag) {
  if (const auto uri = hashtag_uri(post, tag)) return uri_attribute(*uri);
  if (post.hashtags.empty()) return {};
  return std::string{"dest='"} + kHashtagList + "'";
}

std::vector<PdfLink> links_in(const Post& post, std::string_view text) {
  std::vector<PdfLink> links;
  std::size_t end = 0;
  for (const Segment& segment : split_segments(text)) {
    const std::size_t begin = std::exchange(end, end + segment.text.size());
    std::string attributes;
    if (segment.kind == SegmentKind::Link) {
      if (const auto uri = link_uri(segment.text)) attributes = uri_attribute(*uri);
    } else if (segment.kind == SegmentKind::Hashtag && segment.text.size() <= kHashtagBytes) {
      attributes = hashtag_attribute(post, segment.text);
    }
    if (!attributes.empty()) links.push_back({begin, end, std::move(attributes)});
    if (links.size() == kLinks) break;
  }
  return links;
}

bool is_rtl_language(std::string_view lang) {
  constexpr std::array<std::string_view, 9> kRtl{"ar", "he", "iw", "fa", "ur",
                                                 "ps", "sd", "ug", "yi"};
  const std::string_view primary = lang.substr(0, lang.find_first_of("-_"));
  return std::find(kRtl.begin(), kRtl.end(), primary) != kRtl.end();
}

Direction direction_of(const Post& post, std::string_view text) {
  const Direction found = first_direction(text);
  if (found != Direction::None) return found;
  return is_rtl_language(post.lang) ? Direction::RightToLeft : Direction::LeftToRight;
}

/// The first words of the text, for a window's title.
std::string title_of(std::string_view text) {
  std::string title = clean_line(text.substr(0, 4 * kTitleBytes));
  if (title.size() <= kTitleBytes) return title;
  std::size_t end = title.rfind(' ', kTitleBytes);
  if (end == std::string::npos || end < kTitleBytes / 2) {
    end = kTitleBytes;
    while ((static_cast<unsigned char>(title[end]) & 0xC0) == 0x80) --end;
  }
  return title.substr(0, end) + "…";
}

std::string hashtags_of(const Post& post) {
  std::string list;
  for (const std::string_view tag : post.hashtags)
    list.append(list.empty() ? "" : ", ").append(clean_line(tag));
  return list;
}

void set_metadata(PdfPages& pages, const Post& post, std::string_view text) {
  const std::string name = clean_line(post.author_name);
  const std::string handle = clean_line(handle_beside(post.author, post.author_name));
  const std::string tags = hashtags_of(post);
  const std::string title = title_of(text);
  std::string author = name;
  if (!handle.empty()) author += name.empty() ? "@" + handle : " (@" + handle + ")";
  pages.set_metadata(CAIRO_PDF_METADATA_TITLE, title.empty() ? clean_line(post.post_id) : title);
  if (!author.empty()) pages.set_metadata(CAIRO_PDF_METADATA_AUTHOR, author);
  if (!tags.empty()) {
    pages.set_metadata(CAIRO_PDF_METADATA_SUBJECT, tags);
    pages.set_metadata(CAIRO_PDF_METADATA_KEYWORDS, tags);
  }
  pages.set_metadata(CAIRO_PDF_METADATA_CREATOR, "Pullwire");
  if (post.created_at)
    pages.set_metadata(CAIRO_PDF_METADATA_CREATE_DATE,
                       to_text(*post.created_at).substr(0, 19) + "Z");
}

class Composer {
 public:
  Composer(const Post& post, const PdfFonts& fonts, const Styles& styles, std::string& out)
      : post_{post},
        styles_{styles},
        text_{mark_directions(clean_text(post.text))},
        languages_{pdf_languages(post.lang, text_)},
        base_{direction_of(post, text_)},
        pages_{fonts, out} {}

  PdfPages& compose() {
    set_metadata(pages_, post_, text_);
    put_header();
    const std::vector<PdfLink> links = links_in(post_, text_);
    put_paragraphs(text_, links);
    put_hashtags();
    for (const Media& media : post_.media) put_media(media);
    put_origin();
    pages_.finish();
    return pages_;
  }

 private:
  bool rtl() const { return base_ == Direction::RightToLeft; }

  void put_paragraphs(std::string_view text, std::span<const PdfLink> links) {
    pages_.put({.text = text,
                .font = styles_.text.get(),
                .languages = languages_,
                .base = base_,
                .each_its_own = true,
                .links = links});
  }

  void put_line(const Line& line, const FontPtr& font, Direction base, bool grey) {
    pages_.put({.text = line.text,
                .font = font.get(),
                .languages = languages_,
                .base = base,
                .right = rtl(),
                .grey = grey,
                .links = line.links});
  }

  void put_header() {
    const std::string name = clean_line(post_.author_name);
    const std::string handle = clean_line(handle_beside(post_.author, post_.author_name));
    Line first;
    first.add(!name.empty() ? name : !handle.empty() ? "@" + handle : clean_line(post_.source));
    put_line(first, styles_.name, base_, false);

    Line second;
    if (!name.empty() && !handle.empty()) second.add("@" + handle);
    if (post_.created_at) {
      if (!second.text.empty()) second.text += " · ";
      const std::string time = to_text(*post_.created_at);
      second.add(time.substr(0, 10) + " " + time.substr(11, 5) + " UTC");
    }
    put_line(second, styles_.small, base_, true);
    pages_.skip(6);
    pages_.rule();
    pages_.skip(10);
  }

  void put_hashtags() {
    if (post_.hashtags.empty()) return;
    pages_.skip(10);
    pages_.destination(kHashtagList);
    Line line;
    for (const std::string_view tag : post_.hashtags) {
      const std::string word = "#" + clean_line(tag);
      const auto uri = hashtag_uri(post_, word);
      if (!line.text.empty()) line.text += "  ";
      line.add(word, uri ? uri_attribute(*uri) : std::string{});
    }
    put_line(line, styles_.small, base_, true);
  }

  void put_media(const Media& media) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kKinds{
        {{"image", "Image"}, {"video", "Video"}, {"audio", "Audio"}}};
    const auto kind = std::find_if(kKinds.begin(), kKinds.end(),
                                   [&](const auto& known) { return known.first == media.type; });
    pages_.skip(10);
    put_reference(kind == kKinds.end() ? "Attachment" : kind->second, media.url);
    put_paragraphs(mark_directions(clean_text(media.alt)), {});
  }

  void put_origin() {
    if (post_.url.empty()) return;
    pages_.skip(10);
    put_reference("Original", post_.url);
  }

  void put_reference(std::string_view label, std::string_view url) {
    Line line;
    line.text.append(label);
    if (!url.empty()) {
      line.text += ": ";
      const auto uri = link_uri(url);
      line.add(clean_line(url), uri ? uri_attribute(*uri) : std::string{});
    }
    put_line(line, styles_.small, Direction::LeftToRight, true);
  }

  const Post& post_;
  const Styles& styles_;
  const std::string text_;
  const PdfLanguages languages_;
  const Direction base_;
  PdfPages pages_;
};

}  // namespace

PdfDocument compose_pdf(const Post& post) {
  static const PdfFonts fonts;
  static const Styles styles{fonts};
  std::string bytes;
  Composer composer{post, fonts, styles, bytes};
  const PdfPages& pages = composer.compose();
  return {std::move(bytes), pages.pages(), pages.missing_glyphs()};
}

std::string render_pdf(const Post& post) {
  return compose_pdf(post).bytes;
}

}  // namespace pullwire::republisher
