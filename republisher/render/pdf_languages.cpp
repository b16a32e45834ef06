#include "republisher/render/pdf_languages.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include <glib.h>

#include "republisher/render/pdf_fonts.hpp"

namespace pullwire::republisher {
namespace {

PangoLanguage* language(const char* tag) {
  return pango_language_from_string(tag);
}

/// Languages whose letters have forms of their own in a script they share.
constexpr std::array<const char*, 26> kOwnForms{
    "az", "bg", "ca", "crh", "fa", "ja", "kk", "ko", "ks", "mk", "mo", "mr", "ne",
    "nl", "pl", "ps", "ro",  "sd", "sr", "tr", "tt", "ug", "ur", "vi", "yi", "en"};

/// For scripts that more than one language is written in.
PangoLanguage* script_language(PangoScript script, const PdfLanguages& languages) {
  switch (script) {
    case PANGO_SCRIPT_HAN: return languages.han;
    case PANGO_SCRIPT_ARABIC: return language("ar");
    case PANGO_SCRIPT_BENGALI: return language("bn");
    case PANGO_SCRIPT_CANADIAN_ABORIGINAL: return language("iu");
    case PANGO_SCRIPT_CYRILLIC: return language("ru");
    case PANGO_SCRIPT_DEVANAGARI: return language("hi");
    case PANGO_SCRIPT_ETHIOPIC: return language("am");
    case PANGO_SCRIPT_HANGUL: return language("ko");
    case PANGO_SCRIPT_HEBREW: return language("he");
    case PANGO_SCRIPT_HIRAGANA:
    case PANGO_SCRIPT_KATAKANA: return language("ja");
    case PANGO_SCRIPT_LATIN: return language("en");
    case PANGO_SCRIPT_MONGOLIAN: return language("mn");
    case PANGO_SCRIPT_SYRIAC: return language("syr");
    case PANGO_SCRIPT_TIBETAN: return language("bo");
    default: return language("xx");  // no language: nothing but the script counts
  }
}

PangoLanguage* chinese(std::string_view tag) {
  const auto has = [&](std::string_view part) { return tag.find(part) != std::string_view::npos; };
  if (has("-hk") || has("-mo") || tag.starts_with("yue")) return language("zh-hk");
  if (has("-hant") || has("-tw")) return language("zh-tw");
  return language("zh-cn");
}

/// To Pango Korean is not written in Han, so it would not pass "ko" on for that;
/// this is HarfBuzz's way of naming the font's table for Korean itself.
PangoLanguage* korean_han() {
  return language("und-x-hbotkor");
}

PangoLanguage* han_by_text(std::string_view text) {
  PangoLanguage* found = language("zh-cn");
  for (const char* p = text.data(); p != text.data() + text.size(); p = g_utf8_next_char(p)) {
    const auto first = static_cast<unsigned char>(*p);
    if (first < 0xE1) continue;
    const gunichar c = g_utf8_get_char(p);
    if (c >= 0x3041 && c <= 0x30FF) return language("ja");
    if (c >= 0xAC00 && c <= 0xD7A3) found = korean_han();
    if (c >= 0x3105 && c <= 0x312F) found = language("zh-tw");
  }
  return found;
}

}  // namespace

PdfLanguages pdf_languages(std::string_view lang, std::string_view text) {
  std::string tag{lang.substr(0, 64)};
  std::transform(tag.begin(), tag.end(), tag.begin(),
                 [](char c) { return c == '_' ? '-' : g_ascii_tolower(c); });
  const std::string primary = tag.substr(0, tag.find('-'));
  if (primary == "zh" || primary == "yue") return {chinese(tag), chinese(tag)};
  const auto own = std::find(kOwnForms.begin(), kOwnForms.end(), primary);
  PangoLanguage* const base = language(own == kOwnForms.end() ? "en" : *own);
  if (primary == "ko") return {base, korean_han()};
  return {base, primary == "ja" ? base : han_by_text(text)};
}

void append_languages(PangoAttrList* attributes, const PdfLanguages& languages,
                      std::string_view text) {
  pango_attr_list_insert(attributes, pango_attr_language_new(languages.text));
  const bool ascii = std::all_of(text.begin(), text.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (ascii && pango_language_includes_script(languages.text, PANGO_SCRIPT_LATIN)) return;
  using ScriptIterPtr = std::unique_ptr<PangoScriptIter, ReleaseWith<pango_script_iter_free>>;
  const ScriptIterPtr run{pango_script_iter_new(text.data(), static_cast<int>(text.size()))};
  do {
    const char* begin = nullptr;
    const char* end = nullptr;
    PangoScript script = PANGO_SCRIPT_COMMON;
    pango_script_iter_get_range(run.get(), &begin, &end, &script);
    if (pango_language_includes_script(languages.text, script)) continue;
    PangoAttribute* const attribute = pango_attr_language_new(script_language(script, languages));
    attribute->start_index = static_cast<guint>(begin - text.data());
    attribute->end_index = static_cast<guint>(end - text.data());
    pango_attr_list_insert(attributes, attribute);
  } while (pango_script_iter_next(run.get()));
}

}  // namespace pullwire::republisher
