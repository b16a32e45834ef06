// The pinned fonts that PDF documents are set in, and their Pango context.
//
// Nothing here depends on the host's fontconfig files, on other fonts or on the
// environment. Used by one thread.
#pragma once

#include <memory>

#include <fontconfig/fontconfig.h>
#include <pango/pangocairo.h>

namespace pullwire::republisher {

template <auto release>
struct ReleaseWith {
  template <typename T>
  void operator()(T* object) const {
    release(object);
  }
};
using ContextPtr = std::unique_ptr<PangoContext, ReleaseWith<g_object_unref>>;
using FontMapPtr = std::unique_ptr<PangoFontMap, ReleaseWith<g_object_unref>>;
using LayoutPtr = std::unique_ptr<PangoLayout, ReleaseWith<g_object_unref>>;
using AttrListPtr = std::unique_ptr<PangoAttrList, ReleaseWith<pango_attr_list_unref>>;
using FontPtr = std::unique_ptr<PangoFontDescription, ReleaseWith<pango_font_description_free>>;
using FcConfigPtr = std::unique_ptr<FcConfig, ReleaseWith<FcConfigDestroy>>;

/// Fonts from fonts-noto-core, fonts-noto-cjk and fonts-noto-color-emoji.
class PdfFonts {
 public:
  /// Reads the fonts' directories. Throws std::runtime_error that names the
  /// file and the package if one of the three packages is missing.
  PdfFonts();

  /// Units are points; without hinting, so that every machine measures alike.
  PangoContext* context() const { return context_.get(); }
  FontPtr font(double points, PangoWeight weight = PANGO_WEIGHT_NORMAL) const;

 private:
  FcConfigPtr config_;
  FontMapPtr map_;
  ContextPtr context_;
};

}  // namespace pullwire::republisher
