#include "republisher/render/pdf_fonts.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <stdexcept>
#include <string>

#include <glib.h>
#include <pango/pangofc-fontmap.h>

#ifdef __SANITIZE_ADDRESS__
// Not ours: cairo 1.16 loses 768 bytes for each document with Han or Hangul (the
// index of a CFF font's dictionaries), fontconfig 288 bytes once.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libcairo.so\nleak:libfontconfig.so\n";
}
#endif
#ifdef __SANITIZE_THREAD__
// Pango matches fonts on a thread of its own and hands them over through GLib,
// whose locks the sanitizer does not see.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "race:libglib-2.0.so\nrace:libfontconfig.so\nrace:libpangoft2-1.0.so\n";
}
#endif

namespace pullwire::republisher {
namespace {

constexpr std::string_view kTrueType = "/usr/share/fonts/truetype/noto";
constexpr std::string_view kOpenType = "/usr/share/fonts/opentype/noto";
// Pango hashes a font's name for each run of text, so it gets a short one for all.
constexpr const char* kPinned = "pinned";
constexpr std::string_view kEmoji = "Noto Color Emoji";
constexpr std::string_view kCjk =
    "Noto Sans CJK SC";  // its locl table has the other regions' forms

// Tried in this order for each character. The file is the family's name without
// blanks. Together they have every character of the three packages.
// clang-format off
constexpr std::array kFamilies = std::to_array<std::string_view>({
    // what most posts are written in
    "Noto Sans", "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari", "Noto Sans Thai",
    kCjk, "Noto Sans Symbols", "Noto Sans Symbols2", "Noto Sans Math", "Noto Music", kEmoji,
    // other scripts in use
    "Noto Sans Adlam", "Noto Sans Armenian", "Noto Sans Balinese", "Noto Sans Bamum",
    "Noto Sans Batak", "Noto Sans Bengali", "Noto Sans Buginese", "Noto Sans Buhid",
    "Noto Sans Canadian Aboriginal", "Noto Sans Chakma", "Noto Sans Cham", "Noto Sans Cherokee",
    "Noto Sans Coptic", "Noto Sans Ethiopic", "Noto Sans Georgian", "Noto Sans Gujarati",
    "Noto Sans Gunjala Gondi", "Noto Sans Gurmukhi", "Noto Sans Hanifi Rohingya",
    "Noto Sans Hanunoo", "Noto Sans Indic Siyaq Numbers", "Noto Sans Javanese",
    "Noto Sans Kannada", "Noto Sans Kayah Li", "Noto Sans Khmer", "Noto Sans Lao",
    "Noto Looped Lao", "Noto Sans Lepcha", "Noto Sans Limbu", "Noto Sans Lisu",
    "Noto Sans Malayalam", "Noto Sans Mandaic", "Noto Sans Masaram Gondi",
    "Noto Sans Meetei Mayek", "Noto Sans Mende Kikakui", "Noto Sans Miao", "Noto Sans Mongolian",
    "Noto Sans Mro", "Noto Sans Myanmar", "Noto Sans NKo", "Noto Sans New Tai Lue",
    "Noto Sans Newa", "Noto Sans Nushu", "Noto Sans Ol Chiki", "Noto Sans Oriya",
    "Noto Sans Osage", "Noto Sans Pahawh Hmong", "Noto Sans Pau Cin Hau", "Noto Sans PhagsPa",
    "Noto Sans Rejang", "Noto Sans Samaritan", "Noto Sans Saurashtra", "Noto Sans SignWriting",
    "Noto Sans Sinhala", "Noto Sans Sora Sompeng", "Noto Sans Sundanese", "Noto Sans Syloti Nagri",
    "Noto Sans Syriac", "Noto Sans Tagalog", "Noto Sans Tagbanwa", "Noto Sans Tai Le",
    "Noto Sans Tai Tham", "Noto Sans Tai Viet", "Noto Sans Tamil", "Noto Sans Tamil Supplement",
    "Noto Sans Telugu", "Noto Sans Thaana", "Noto Looped Thai", "Noto Sans Tifinagh",
    "Noto Sans Vai", "Noto Sans Wancho", "Noto Sans Warang Citi", "Noto Sans Yi",
    "Noto Serif Tibetan", "Noto Serif Yezidi",
    // historic scripts
    "Noto Sans Anatolian Hieroglyphs", "Noto Sans Avestan", "Noto Sans Bassa Vah",
    "Noto Sans Bhaiksuki", "Noto Sans Brahmi", "Noto Sans Carian", "Noto Sans Caucasian Albanian",
    "Noto Sans Cuneiform", "Noto Sans Cypriot", "Noto Sans Deseret", "Noto Sans Duployan",
    "Noto Sans Egyptian Hieroglyphs", "Noto Sans Elbasan", "Noto Sans Elymaic",
    "Noto Sans Glagolitic", "Noto Sans Gothic", "Noto Sans Grantha", "Noto Sans Hatran",
    "Noto Sans Imperial Aramaic", "Noto Sans Inscriptional Pahlavi",
    "Noto Sans Inscriptional Parthian", "Noto Sans Kaithi", "Noto Sans Kharoshthi",
    "Noto Sans Khojki", "Noto Sans Khudawadi", "Noto Sans Linear A", "Noto Sans Linear B",
    "Noto Sans Lycian", "Noto Sans Lydian", "Noto Sans Mahajani", "Noto Sans Manichaean",
    "Noto Sans Marchen", "Noto Sans Mayan Numerals", "Noto Sans Medefaidrin", "Noto Sans Meroitic",
    "Noto Sans Modi", "Noto Sans Multani", "Noto Sans Nabataean", "Noto Sans Ogham",
    "Noto Sans Old Hungarian", "Noto Sans Old Italic", "Noto Sans Old North Arabian",
    "Noto Sans Old Permic", "Noto Sans Old Persian", "Noto Sans Old Sogdian",
    "Noto Sans Old South Arabian", "Noto Sans Old Turkic", "Noto Sans Osmanya",
    "Noto Sans Palmyrene", "Noto Sans Phoenician", "Noto Sans Psalter Pahlavi", "Noto Sans Runic",
    "Noto Sans Sharada", "Noto Sans Shavian", "Noto Sans Siddham", "Noto Sans Sogdian",
    "Noto Sans Soyombo", "Noto Sans Takri", "Noto Sans Tirhuta", "Noto Sans Ugaritic",
    "Noto Sans Zanabazar Square", "Noto Serif Ahom", "Noto Serif Dogra",
    "Noto Serif Hmong Nyiakeng", "Noto Serif Tangut", "Noto Traditional Nushu",
});
// clang-format on

std::string join(std::string_view a, std::string_view b, std::string_view c = {}) {
  return std::string{a}.append(b).append(c);
}

std::string file_stem(std::string_view family) {
  if (family == "Noto Serif Hmong Nyiakeng") return "NotoSerifNyiakengPuachueHmong";
  std::string stem{family};
  stem.erase(std::remove(stem.begin(), stem.end(), ' '), stem.end());
  return stem;
}

/// Bitmaps come in one size; this brings them to the size asked for.
constexpr std::string_view kScaleBitmaps = R"(
<match target="font">
 <test name="outline"><bool>false</bool></test>
 <edit name="pixelsizefixupfactor" mode="assign"><divide>
  <name target="pattern">pixelsize</name><name target="font">pixelsize</name>
 </divide></edit>
 <edit name="matrix" mode="assign"><times><name>matrix</name><matrix>
  <name>pixelsizefixupfactor</name><double>0</double>
  <double>0</double><name>pixelsizefixupfactor</name>
 </matrix></times></edit>
</match>)";

/// Sets a name that Pango asks for to the families to try.
std::string alias(std::string_view name, const std::string& families) {
  return join("<match target='pattern'><test name='family'><string>", name, "</string></test>") +
         join("<edit name='family' mode='assign' binding='strong'>", families, "</edit></match>");
}

/// A fontconfig file that knows the pinned files alone. Pango asks for "emoji"
/// where characters are to be shown as such.
std::string configuration() {
  std::string files;
  const auto accept = [&](std::string_view path) { files += join("<glob>", path, "</glob>"); };
  accept(kTrueType);
  accept(kOpenType);
  accept(join(kTrueType, "/NotoColorEmoji.ttf"));
  for (const std::string_view weight : {"Regular", "Bold"}) {
    accept(join(kOpenType, "/NotoSansCJK-", weight) + ".ttc");
    for (const std::string_view family : kFamilies)
      accept(join(kTrueType, "/", file_stem(family)) + join("-", weight, ".ttf"));
  }
  std::string families;
  for (const std::string_view family : kFamilies) families += join("<string>", family, "</string>");
  return join("<fontconfig><dir>", kTrueType, "</dir><dir>") +
         join(kOpenType, "</dir><cachedir>/var/cache/fontconfig</cachedir>",
              "<selectfont><rejectfont><glob>*</glob></rejectfont><acceptfont>") +
         join(files, "</acceptfont></selectfont>") + alias(kPinned, families) +
         alias("emoji", join("<string>", kEmoji, "</string>") + families) +
         join(kScaleBitmaps, "</fontconfig>");
}

void require_packages() {
  constexpr std::array<std::array<std::string_view, 3>, 3> kNeeded{{
      {kTrueType, "/NotoSans-Regular.ttf", "fonts-noto-core"},
      {kTrueType, "/NotoColorEmoji.ttf", "fonts-noto-color-emoji"},
      {kOpenType, "/NotoSansCJK-Regular.ttc", "fonts-noto-cjk"},
  }};
  for (const auto& [directory, name, package] : kNeeded) {
    const std::string path = join(directory, name);
    if (!std::filesystem::exists(path))
      throw std::runtime_error(join("pdf: ", path, " is missing: install the package ") +
                               std::string{package});
  }
}

FcConfigPtr pinned_config() {
  require_packages();
  FcConfigPtr config{FcConfigCreate()};
  const std::string text = configuration();
  const auto* bytes = reinterpret_cast<const FcChar8*>(text.c_str());
  if (!config || !FcConfigParseAndLoadFromMemory(config.get(), bytes, FcTrue) ||
      !FcConfigBuildFonts(config.get()))
    throw std::runtime_error("pdf: fontconfig cannot read the pinned fonts");
  return config;
}

}  // namespace

PdfFonts::PdfFonts()
    : config_{pinned_config()}, map_{pango_cairo_font_map_new_for_font_type(CAIRO_FONT_TYPE_FT)} {
  if (!map_) throw std::runtime_error("pdf: Pango was built without FreeType fonts");
  pango_fc_font_map_set_config(PANGO_FC_FONT_MAP(map_.get()), config_.get());
  pango_cairo_font_map_set_resolution(PANGO_CAIRO_FONT_MAP(map_.get()), 72);
  context_.reset(pango_font_map_create_context(map_.get()));
  cairo_font_options_t* options = cairo_font_options_create();
  cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
  cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
  pango_cairo_context_set_font_options(context_.get(), options);
  cairo_font_options_destroy(options);
  pango_context_set_round_glyph_positions(context_.get(), FALSE);
}

FontPtr PdfFonts::font(double points, PangoWeight weight) const {
  FontPtr font{pango_font_description_new()};
  pango_font_description_set_family_static(font.get(), kPinned);
  pango_font_description_set_size(font.get(), pango_units_from_double(points));
  pango_font_description_set_weight(font.get(), weight);
  return font;
}

}  // namespace pullwire::republisher
