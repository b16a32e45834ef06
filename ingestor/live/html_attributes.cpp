#include "ingestor/live/html_attributes.hpp"

#include <algorithm>

#include "common/model/clipped.hpp"
#include "ingestor/live/clean_html.hpp"
#include "ingestor/live/html_text.hpp"
#include "ingestor/live/html_writer.hpp"

namespace pullwire::ingestor {
namespace {

constexpr std::size_t kLanguageBytes = 35;  // RFC 5646, 4.4.1
constexpr std::size_t kEmojiBytes = 64;

std::string lowered(std::string_view text) {
  std::string lower{text};
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

bool is_language(std::string_view lang) {
  return !lang.empty() && lang.size() <= kLanguageBytes && lang.front() != '-' &&
         lang.back() != '-' && std::all_of(lang.begin(), lang.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-';
         });
}

std::string label(std::string_view text) {
  const std::string whole = collapsed(shown(text));
  return collapsed(clipped(whole, CleanHtmlLimits::kLabelBytes));
}

void append(std::string& out, std::string_view name, std::string_view value) {
  out += ' ';
  out += name;
  out += "=\"";
  append_escaped(out, value);
  out += '"';
}

bool is_nothing(std::string_view length) {
  return length == "0" || length == "1" || length == "0px" || length == "1px";
}

bool is_unseen(const GumboElement& element) {
  std::string style = lowered(attribute(element, "style"));
  std::erase_if(style, [](char c) { return kHtmlBlanks.find(c) != std::string_view::npos; });
  return is_nothing(attribute(element, "width")) || is_nothing(attribute(element, "height")) ||
         style.find("display:none") != std::string::npos;
}

}  // namespace

std::string_view attribute(const GumboElement& element, const char* name) {
  const GumboAttribute* found = gumbo_get_attribute(&element.attributes, name);
  return found == nullptr ? std::string_view{} : std::string_view{found->value};
}

std::string common_attributes(const GumboElement& element) {
  std::string out;
  if (element.attributes.length == 0) return out;
  const std::string_view lang = attribute(element, "lang");
  if (is_language(lang)) append(out, "lang", lang);
  const std::string dir = lowered(attribute(element, "dir"));
  if (dir == "ltr" || dir == "rtl" || dir == "auto") append(out, "dir", dir);
  const std::string title = label(attribute(element, "title"));
  if (!title.empty()) append(out, "title", title);
  return out;
}

std::string link_attributes(const std::string& target) {
  std::string out;
  append(out, "href", target);
  append(out, "rel", "nofollow noopener noreferrer");
  return out;
}

std::optional<FoundMedia> image_of(const GumboElement& element, const WebLinks& links) {
  if (is_unseen(element)) return std::nullopt;
  // The others: where a script would load it from when it comes into sight.
  for (const char* source : {"src", "data-src", "data-lazy-src", "data-original"}) {
    std::string url = links.web(attribute(element, source));
    if (!url.empty()) return FoundMedia{"image", std::move(url), label(attribute(element, "alt"))};
  }
  return std::nullopt;
}

std::string emoji_of(const GumboElement& element) {
  const std::string classes = " " + collapsed(attribute(element, "class")) + " ";
  for (const std::string_view known : {" wp-smiley ", " emoji ", " emojione ", " custom-emoji "}) {
    if (classes.find(known) == std::string::npos) continue;
    std::string alt = label(attribute(element, "alt"));
    return alt.size() <= kEmojiBytes ? alt : std::string{};
  }
  return {};
}

}  // namespace pullwire::ingestor
