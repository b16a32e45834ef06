#include "ingestor/live/feed_element.hpp"

#include <algorithm>
#include <array>

#include "ingestor/live/feed_references.hpp"

namespace pullwire::ingestor {
namespace {

/// HTML knows no prefixes.
std::string_view local(std::string_view name) {
  return name.substr(name.find(':') + 1);  // npos + 1 is 0
}

/// Those that HTML lets have no content, so that it ignores the / of <a/> in all others.
bool is_void(std::string_view name) {
  static constexpr auto kVoid =
      std::to_array<std::string_view>({"br", "hr", "img", "input", "source", "track", "wbr"});
  return std::find(kVoid.begin(), kVoid.end(), name) != kVoid.end();
}

}  // namespace

void FeedElement::start(const FeedScanner& tag, bool empty) {
  if (tag.name() == name_ && !empty) ++nested_;
  if (!field_ || kind_ == FeedText::Kind::None) return;
  if (!markup_) {
    markup_ = true;
    kind_ = FeedText::Kind::Html;
    std::string escaped;
    append_escaped(text_, escaped);
    text_ = std::move(escaped);
  }
  const std::string_view name = local(tag.name());
  text_.append("<").append(name).append(tag.attributes()).append(">");
  if (empty && !is_void(name)) text_.append("</").append(name).append(">");
}

bool FeedElement::end(const FeedScanner& tag) {
  if (tag.name() != name_) return false;
  if (nested_ == 0) return true;
  --nested_;
  end_inner(tag);
  return false;
}

void FeedElement::end_inner(const FeedScanner& tag) {
  if (markup_) text_.append("</").append(local(tag.name())).append(">");
}

void FeedElement::text(std::string_view raw) {
  if (!field_) return;
  if (markup_) {
    text_.append(raw);
  } else {
    append_resolved(raw, text_);
  }
}

void FeedElement::cdata(std::string_view text) {
  if (!field_) return;
  if (markup_) {
    append_escaped(text, text_);
  } else {
    text_.append(text);
  }
}

}  // namespace pullwire::ingestor
