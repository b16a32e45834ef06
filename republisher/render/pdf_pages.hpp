// Flows blocks of text over the pages of a PDF document.
//
// Used by one thread. Memory holds one page and the bytes written so far,
// whatever the length of the text.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <cairo-pdf.h>

#include "republisher/render/pdf_emoji.hpp"
#include "republisher/render/pdf_fonts.hpp"
#include "republisher/render/pdf_languages.hpp"
#include "republisher/render/pdf_text.hpp"

namespace pullwire::republisher {

/// [begin, end) of a block's text is a link. `attributes` are cairo's for
/// CAIRO_TAG_LINK: "uri='...'" or "dest='...'".
struct PdfLink {
  std::size_t begin;
  std::size_t end;
  std::string attributes;
};

/// Paragraphs, separated by newlines, in one font.
struct PdfBlock {
  std::string_view text;  ///< clean text
  const PangoFontDescription* font;
  PdfLanguages languages;
  Direction base = Direction::LeftToRight;  ///< of paragraphs that have none, and of the margin
  bool each_its_own = false;                ///< paragraphs by their own first letter, not `base`
  bool right = false;                       ///< aligned right, where `base` decides direction
  bool grey = false;
  std::span<const PdfLink> links{};  ///< in order, not overlapping
};

class PdfPages {
 public:
  /// Writes to `out`, which must live until `finish` or destruction.
  PdfPages(const PdfFonts& fonts, std::string& out);

  /// `text` is UTF-8 without control characters.
  void set_metadata(cairo_pdf_metadata_t key, const std::string& text);

  void put(const PdfBlock& block);
  void skip(double points);
  void rule();
  /// Names this place for links inside the document.
  void destination(const char* name);

  /// Writes the rest. Throws std::runtime_error with cairo's reason if anything
  /// before went wrong. Nothing may be put afterwards.
  void finish();

  int pages() const { return page_; }
  /// Characters drawn as a box with their number, for no font has them.
  std::size_t missing_glyphs() const { return missing_glyphs_; }

 private:
  struct Piece;

  Piece next_piece(const PdfBlock& block, std::size_t at, Direction rest) const;
  LayoutPtr lay_out(const PdfBlock& block, const Piece& piece) const;
  std::size_t draw(const PdfBlock& block, const Piece& piece, PangoLayout* layout);
  void draw_links(const PdfBlock& block, const Piece& piece, PangoLayoutLine* line, double height);
  void number_page();
  void end_page();

  using CairoPtr = std::unique_ptr<cairo_t, ReleaseWith<cairo_destroy>>;

  const PdfFonts& fonts_;
  SurfacePtr surface_;
  CairoPtr cairo_;
  PdfEmoji emoji_;
  double y_;  // top of what comes next
  int page_ = 1;
  std::size_t missing_glyphs_ = 0;
};

}  // namespace pullwire::republisher
