#include <algorithm>
#include <array>

#include "republisher/render/renderer.hpp"

namespace pullwire::republisher {
namespace {

constexpr std::array kFormats{
    Format{"html", "html", "text/html", render_html},
    Format{"markdown", "md", "text/markdown", render_markdown},
    Format{"text", "txt", "text/plain", render_text},
    Format{"json", "json", "application/json", render_json},
    Format{"pdf", "pdf", "application/pdf", render_pdf},
};

}  // namespace

std::span<const Format> formats() {
  return kFormats;
}

const Format* find_format(std::string_view name) {
  const auto found = std::find_if(kFormats.begin(), kFormats.end(),
                                  [&](const Format& format) { return format.name == name; });
  return found == kFormats.end() ? nullptr : &*found;
}

}  // namespace pullwire::republisher
