#include "republisher/render/pdf_pages.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>
#include <vector>

namespace pullwire::republisher {
namespace {

// A5 in points.
constexpr double kWidth = 419.53;
constexpr double kHeight = 595.28;
constexpr double kSide = 42;
constexpr double kTop = 44;
constexpr double kBottom = kHeight - 52;
constexpr double kFooter = kHeight - 36;
constexpr double kColumn = kWidth - 2 * kSide;

// Pango's work on a paragraph grows with the square of its length, so it gets
// this many bytes at a time.
constexpr std::size_t kPieceBytes = 1024;
// Korean breaks between words; a longer run of syllables may break anywhere.
constexpr int kHangulWord = 16;

struct Colour {
  double red, green, blue;
};
constexpr Colour kInk{0.12, 0.12, 0.13};
constexpr Colour kGrey{0.42, 0.42, 0.45};
constexpr Colour kLinkBlue{0.07, 0.32, 0.62};

using IterPtr = std::unique_ptr<PangoLayoutIter, ReleaseWith<pango_layout_iter_free>>;

cairo_status_t append_bytes(void* out, const unsigned char* bytes, unsigned int count) noexcept {
  try {
    static_cast<std::string*>(out)->append(reinterpret_cast<const char*>(bytes), count);
    return CAIRO_STATUS_SUCCESS;
  } catch (const std::exception&) {
    return CAIRO_STATUS_NO_MEMORY;
  }
}

double points(int pango_units) {
  return pango_units_to_double(pango_units);
}

void set_colour(cairo_t* cairo, Colour colour) {
  cairo_set_source_rgb(cairo, colour.red, colour.green, colour.blue);
}

void append_attribute(PangoAttrList* list, PangoAttribute* attribute, std::size_t begin,
                      std::size_t end) {
  attribute->start_index = static_cast<guint>(begin);
  attribute->end_index = static_cast<guint>(end);
  pango_attr_list_insert(list, attribute);
}

void keep_hangul_words(PangoAttrList* list, std::string_view text) {
  const char* const last = text.data() + text.size();
  for (const char* begin = text.data(); begin < last;) {
    const char* end = begin;
    int syllables = 0;
    for (; end < last && static_cast<unsigned char>(*end) >= 0xEA; ++syllables) {
      const gunichar c = g_utf8_get_char(end);
      if (c < 0xAC00 || c > 0xD7A3) break;
      end = g_utf8_next_char(end);
    }
    if (syllables > 1 && syllables <= kHangulWord)
      append_attribute(list, pango_attr_allow_breaks_new(FALSE),
                       static_cast<std::size_t>(begin - text.data()),
                       static_cast<std::size_t>(end - text.data()));
    begin = syllables > 0 ? end : g_utf8_next_char(begin);
  }
}

using Stretch = std::pair<int, int>;  // left and right, in Pango units

/// Where the bytes [from, to) of a line stand: one stretch, or more if text of
/// the other direction stands between them.
std::vector<Stretch> stretches(PangoLayoutLine* line, int from, int to) {
  int* ranges = nullptr;
  int count = 0;
  pango_layout_line_get_x_ranges(line, from, to, &ranges, &count);
  std::vector<Stretch> runs;
  for (int i = 0; i < count; ++i) runs.emplace_back(ranges[2 * i], ranges[2 * i + 1]);
  g_free(ranges);
  std::sort(runs.begin(), runs.end());
  std::vector<Stretch> joined;
  for (const Stretch& run : runs) {
    if (joined.empty() || run.first > joined.back().second + PANGO_SCALE / 2)
      joined.push_back(run);
    else
      joined.back().second = std::max(joined.back().second, run.second);
  }
  return joined;
}

}  // namespace

/// A part of a block that is laid out at once: either whole paragraphs, or a
/// part of one that is too long.
struct PdfPages::Piece {
  std::size_t begin;
  std::size_t end;
  Direction direction;  // of the part's paragraph, None for whole ones
  bool goes_on;         // the paragraph does, after `end`
};

PdfPages::PdfPages(const PdfFonts& fonts, std::string& out)
    : fonts_{fonts},
      surface_{cairo_pdf_surface_create_for_stream(append_bytes, &out, kWidth, kHeight)},
      cairo_{cairo_create(surface_.get())},
      y_{kTop} {
  // By default cairo writes the time of day; with no date it writes none.
  set_metadata(CAIRO_PDF_METADATA_CREATE_DATE, "");
}

void PdfPages::set_metadata(cairo_pdf_metadata_t key, const std::string& text) {
  cairo_pdf_surface_set_metadata(surface_.get(), key, text.c_str());
}

PdfPages::Piece PdfPages::next_piece(const PdfBlock& block, std::size_t at, Direction rest) const {
  const std::string_view text = block.text;
  const auto paragraph_end = [&](std::size_t from) {
    return std::min(text.find('\n', from), text.size());
  };
  std::size_t end = paragraph_end(at);
  if (rest != Direction::None || end - at > kPieceBytes) {
    Direction direction = rest;
    if (direction == Direction::None && block.each_its_own)
      direction = first_direction(text.substr(at, end - at));
    if (direction == Direction::None) direction = block.base;
    if (end - at <= kPieceBytes) return {at, end, direction, false};
    end = at + kPieceBytes;
    while ((static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return {at, end, direction, true};
  }
  while (end < text.size()) {
    const std::size_t next = paragraph_end(end + 1);
    if (next - at > kPieceBytes) break;
    end = next;
  }
  return {at, end, Direction::None, false};
}

LayoutPtr PdfPages::lay_out(const PdfBlock& block, const Piece& piece) const {
  const std::string_view text = block.text.substr(piece.begin, piece.end - piece.begin);
  const bool each_its_own = block.each_its_own && piece.direction == Direction::None;
  const bool rtl =
      (piece.direction == Direction::None ? block.base : piece.direction) == Direction::RightToLeft;
  const bool right = block.each_its_own ? rtl : block.right;

  pango_context_set_base_dir(fonts_.context(), rtl ? PANGO_DIRECTION_RTL : PANGO_DIRECTION_LTR);
  LayoutPtr layout{pango_layout_new(fonts_.context())};
  pango_layout_set_font_description(layout.get(), block.font);
  pango_layout_set_width(layout.get(), pango_units_from_double(kColumn));
  pango_layout_set_wrap(layout.get(), PANGO_WRAP_WORD_CHAR);
  pango_layout_set_auto_dir(layout.get(), each_its_own);
  pango_layout_set_alignment(layout.get(), right ? PANGO_ALIGN_RIGHT : PANGO_ALIGN_LEFT);
  pango_layout_set_text(layout.get(), text.data(), static_cast<int>(text.size()));

  const AttrListPtr attributes{pango_attr_list_new()};
  append_languages(attributes.get(), block.languages, text);
  keep_hangul_words(attributes.get(), text);
  for (const PdfLink& link : block.links) {
    if (link.end <= piece.begin || link.begin >= piece.end) continue;
    const auto channel = [](double value) { return static_cast<guint16>(value * 0xFFFF); };
    append_attribute(attributes.get(),
                     pango_attr_foreground_new(channel(kLinkBlue.red), channel(kLinkBlue.green),
                                               channel(kLinkBlue.blue)),
                     std::max(link.begin, piece.begin) - piece.begin,
                     std::min(link.end, piece.end) - piece.begin);
  }
  pango_layout_set_attributes(layout.get(), attributes.get());
  return layout;
}

void PdfPages::put(const PdfBlock& block) {
  Direction rest = Direction::None;  // of the paragraph that goes on at `at`
  for (std::size_t at = 0; at < block.text.size();) {
    const Piece piece = next_piece(block, at, rest);
    const LayoutPtr layout = lay_out(block, piece);
    at = draw(block, piece, layout.get());
    if (!piece.goes_on) ++at;  // the newline
    rest = piece.goes_on ? piece.direction : Direction::None;
  }
}

/// Draws the piece's lines; the last one of a paragraph that goes on is left for
/// the next piece, unless it is the only one. Returns where the lines drawn end.
std::size_t PdfPages::draw(const PdfBlock& block, const Piece& piece, PangoLayout* layout) {
  missing_glyphs_ += static_cast<std::size_t>(pango_layout_get_unknown_glyphs_count(layout));
  const IterPtr iter{pango_layout_get_iter(layout)};
  int lines = pango_layout_get_line_count(layout);
  std::size_t end = piece.end;
  if (piece.goes_on && lines > 1) {
    --lines;
    end = piece.begin +
          static_cast<std::size_t>(pango_layout_get_line_readonly(layout, lines)->start_index);
  }
  for (int i = 0; i < lines; ++i) {
    PangoRectangle box;
    pango_layout_iter_get_line_extents(iter.get(), nullptr, &box);
    const double height = points(box.height);
    if (y_ + height > kBottom && y_ > kTop) end_page();
    // The layout is drawn once, so its glyphs may go.
    PangoLayoutLine* const line = pango_layout_iter_get_line(iter.get());
    const double x = kSide + points(box.x);
    const double baseline = y_ + points(pango_layout_iter_get_baseline(iter.get()) - box.y);
    emoji_.take_from(line, cairo_.get(), x, baseline);
    set_colour(cairo_.get(), block.grey ? kGrey : kInk);
    cairo_move_to(cairo_.get(), x, baseline);
    pango_cairo_show_layout_line(cairo_.get(), line);
    draw_links(block, piece, line, height);
    y_ += height;
    pango_layout_iter_next_line(iter.get());
  }
  return end;
}

void PdfPages::draw_links(const PdfBlock& block, const Piece& piece, PangoLayoutLine* line,
                          double height) {
  const std::size_t begin = piece.begin + static_cast<std::size_t>(line->start_index);
  const std::size_t end = begin + static_cast<std::size_t>(line->length);
  auto link = std::lower_bound(block.links.begin(), block.links.end(), begin,
                               [](const PdfLink& a, std::size_t at) { return a.end <= at; });
  for (; link != block.links.end() && link->begin < end; ++link) {
    const int from = static_cast<int>(std::max(link->begin, begin) - piece.begin);
    const int to = static_cast<int>(std::min(link->end, end) - piece.begin);
    for (const auto& [left, right] : stretches(line, from, to)) {
      std::array<char, 128> rect{};
      char* at = rect.data();
      for (const double value : {kSide + points(left), y_, points(right - left), height}) {
        at = std::to_chars(at, rect.data() + rect.size() - 1, value, std::chars_format::fixed, 2)
                 .ptr;
        *at++ = ' ';
      }
      const std::string attributes =
          std::string{"rect=["}.append(rect.data(), at) + "] " + link->attributes;
      cairo_tag_begin(cairo_.get(), CAIRO_TAG_LINK, attributes.c_str());
      cairo_tag_end(cairo_.get(), CAIRO_TAG_LINK);
    }
  }
}

void PdfPages::skip(double height) {
  y_ += height;
}

void PdfPages::rule() {
  cairo_set_line_width(cairo_.get(), 0.5);
  set_colour(cairo_.get(), kGrey);
  cairo_move_to(cairo_.get(), kSide, y_);
  cairo_rel_line_to(cairo_.get(), kColumn, 0);
  cairo_stroke(cairo_.get());
}

void PdfPages::destination(const char* name) {
  if (y_ > kBottom) end_page();
  const std::string attributes = std::string{"name='"}.append(name) +
                                 "' x=0 y=" + std::to_string(static_cast<int>(y_)) + " internal";
  cairo_tag_begin(cairo_.get(), CAIRO_TAG_DEST, attributes.c_str());
  cairo_tag_end(cairo_.get(), CAIRO_TAG_DEST);
}

void PdfPages::number_page() {
  const FontPtr font = fonts_.font(8);
  const std::string number = std::to_string(page_);
  const LayoutPtr layout =
      lay_out({.text = number, .font = font.get(), .languages = pdf_languages("", number)},
              {0, number.size(), Direction::LeftToRight, false});
  pango_layout_set_alignment(layout.get(), PANGO_ALIGN_CENTER);
  set_colour(cairo_.get(), kGrey);
  cairo_move_to(cairo_.get(), kSide, kFooter);
  pango_cairo_show_layout(cairo_.get(), layout.get());
}

void PdfPages::end_page() {
  number_page();
  cairo_show_page(cairo_.get());
  ++page_;
  y_ = kTop;
}

void PdfPages::finish() {
  if (page_ > 1) number_page();
  cairo_show_page(cairo_.get());
  cairo_surface_finish(surface_.get());
  for (const cairo_status_t status :
       {cairo_status(cairo_.get()), cairo_surface_status(surface_.get())})
    if (status != CAIRO_STATUS_SUCCESS)
      throw std::runtime_error(std::string{"pdf: "} + cairo_status_to_string(status));
}

}  // namespace pullwire::republisher
