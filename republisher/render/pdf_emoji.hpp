// Draws colour emoji sharply.
//
// In a PDF cairo would draw a bitmap glyph with one pixel a point. Here each is
// an image of more, stored once in the document. Used by one thread.
#pragma once

#include <map>
#include <memory>

#include <pango/pangocairo.h>

#include "republisher/render/pdf_fonts.hpp"

namespace pullwire::republisher {

using SurfacePtr = std::unique_ptr<cairo_surface_t, ReleaseWith<cairo_surface_destroy>>;

/// The emoji of one document.
class PdfEmoji {
 public:
  /// Draws the emoji of `line`, whose left end on the base line is at (x, y),
  /// and empties their glyphs, so that nobody draws them again.
  void take_from(PangoLayoutLine* line, cairo_t* cairo, double x, double y);

 private:
  struct Image {
    SurfacePtr pixels;  // null for a glyph without ink
    double left = 0;    // of the base line's start, in ems
    double top = 0;     // of the base line, in ems
  };

  const Image& image(cairo_scaled_font_t* font, PangoGlyph glyph);
  void draw(const PangoGlyphItem& run, cairo_t* cairo, double x, double y);

  std::map<PangoGlyph, Image> images_;
};

}  // namespace pullwire::republisher
