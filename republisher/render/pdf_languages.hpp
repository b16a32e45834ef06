// Which forms of the characters that languages share a PDF document shows.
//
// Used by one thread. Keeps nothing of the environment's and little of Pango's.
#pragma once

#include <string_view>

#include <pango/pango.h>

namespace pullwire::republisher {

/// The languages that a text is set in: which forms of shared characters (Han,
/// Cyrillic, Arabic...) are drawn. From a fixed set, for Pango never forgets one.
struct PdfLanguages {
  PangoLanguage* text;
  PangoLanguage* han;
};

/// `lang` is a BCP 47 tag or empty. Where it doesn't say which Han is meant,
/// the text's other scripts do (kana: Japanese, Hangul: Korean).
PdfLanguages pdf_languages(std::string_view lang, std::string_view text);

/// Appends a language for each run of `text` whose script its own language isn't
/// written in: left alone, Pango would ask the process's environment.
void append_languages(PangoAttrList* attributes, const PdfLanguages& languages,
                      std::string_view text);

}  // namespace pullwire::republisher
