#include "republisher/render/pdf_emoji.hpp"

#include <cmath>
#include <string>

#include <hb-ot.h>

namespace pullwire::republisher {
namespace {

constexpr double kPixels = 48;  // an em; at 11 points 314 dots an inch

bool is_bitmap(PangoFont* font) {
  return hb_ot_color_has_png(hb_font_get_face(pango_font_get_hb_font(font)));
}

bool is_drawn(PangoGlyph glyph) {
  return glyph != PANGO_GLYPH_EMPTY && !(glyph & PANGO_GLYPH_UNKNOWN_FLAG);
}

}  // namespace

const PdfEmoji::Image& PdfEmoji::image(cairo_scaled_font_t* font, PangoGlyph glyph) {
  const auto [entry, is_new] = images_.try_emplace(glyph);
  Image& image = entry->second;
  if (!is_new) return image;

  cairo_matrix_t size;
  cairo_scaled_font_get_font_matrix(font, &size);
  const double factor = kPixels / size.xx;
  cairo_matrix_scale(&size, factor, factor);

  const SurfacePtr scratch{cairo_image_surface_create(CAIRO_FORMAT_ARGB32, 1, 1)};
  const std::unique_ptr<cairo_t, ReleaseWith<cairo_destroy>> probe{cairo_create(scratch.get())};
  cairo_set_font_face(probe.get(), cairo_scaled_font_get_font_face(font));
  cairo_set_font_matrix(probe.get(), &size);
  const cairo_glyph_t at_origin{glyph, 0, 0};
  cairo_text_extents_t ink;
  cairo_glyph_extents(probe.get(), &at_origin, 1, &ink);
  const double left = std::floor(ink.x_bearing);
  const double top = std::floor(ink.y_bearing);
  const double width = std::ceil(ink.x_bearing + ink.width) - left;
  const double height = std::ceil(ink.y_bearing + ink.height) - top;
  constexpr double kMost = 8 * kPixels;  // no glyph of an emoji font is larger
  if (!(width >= 1 && height >= 1 && width <= kMost && height <= kMost)) return image;

  image.pixels.reset(cairo_image_surface_create(CAIRO_FORMAT_ARGB32, static_cast<int>(width),
                                                static_cast<int>(height)));
  image.left = left / kPixels;
  image.top = top / kPixels;
  const std::unique_ptr<cairo_t, ReleaseWith<cairo_destroy>> pen{cairo_create(image.pixels.get())};
  cairo_set_font_face(pen.get(), cairo_scaled_font_get_font_face(font));
  cairo_set_font_matrix(pen.get(), &size);
  const cairo_glyph_t placed{glyph, -left, -top};
  cairo_show_glyphs(pen.get(), &placed, 1);
  return image;
}

void PdfEmoji::draw(const PangoGlyphItem& run, cairo_t* cairo, double x, double y) {
  cairo_scaled_font_t* const font =
      pango_cairo_font_get_scaled_font(PANGO_CAIRO_FONT(run.item->analysis.font));
  cairo_matrix_t size;
  if (font == nullptr) return;
  cairo_scaled_font_get_font_matrix(font, &size);
  const double points = size.xx;
  for (int i = 0; i < run.glyphs->num_glyphs; ++i) {
    PangoGlyphInfo& info = run.glyphs->glyphs[i];
    if (is_drawn(info.glyph)) {
      const Image& picture = image(font, info.glyph);
      if (picture.pixels) {
        cairo_save(cairo);
        cairo_translate(cairo,
                        x + pango_units_to_double(info.geometry.x_offset) + picture.left * points,
                        y + pango_units_to_double(info.geometry.y_offset) + picture.top * points);
        cairo_scale(cairo, points / kPixels, points / kPixels);
        cairo_set_source_surface(cairo, picture.pixels.get(), 0, 0);
        cairo_paint(cairo);
        cairo_restore(cairo);
      }
      info.glyph = PANGO_GLYPH_EMPTY;
    }
    x += pango_units_to_double(info.geometry.width);
  }
}

void PdfEmoji::take_from(PangoLayoutLine* line, cairo_t* cairo, double x, double y) {
  for (GSList* node = line->runs; node != nullptr; node = node->next) {
    const auto* run = static_cast<PangoGlyphItem*>(node->data);
    if (run->item->analysis.font != nullptr && is_bitmap(run->item->analysis.font))
      draw(*run, cairo, x, y);
    x += pango_units_to_double(pango_glyph_string_get_width(run->glyphs));
  }
}

}  // namespace pullwire::republisher
