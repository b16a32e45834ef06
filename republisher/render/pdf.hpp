// A post as a PDF document, with what only its tests ask about it.
//
// The fonts are kept from one call to the next, so all calls come from one
// thread at a time.
#pragma once

#include <cstddef>
#include <string>

#include "common/model/post.hpp"

namespace pullwire::republisher {

struct PdfDocument {
  std::string bytes;
  int pages;
  std::size_t missing_glyphs;  ///< characters that no font has, drawn as boxes
};

/// Throws std::runtime_error with a reason, as render_pdf does.
PdfDocument compose_pdf(const Post& post);

}  // namespace pullwire::republisher
