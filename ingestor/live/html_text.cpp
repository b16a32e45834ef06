#include "ingestor/live/html_text.hpp"

#include <algorithm>
#include <utility>

#include <utf8proc.h>

#include "common/model/clipped.hpp"
#include "ingestor/live/clean_html.hpp"

namespace pullwire::ingestor {
namespace {

constexpr std::size_t kMostNewlines = 3;
constexpr std::size_t kIndentedLists = 8;

bool is_shown(utf8proc_int32_t character) {
  const bool control = character < 0x20 || (character >= 0x7f && character < 0xa0);
  const bool none = (character & 0xfffe) == 0xfffe || (character >= 0xfdd0 && character <= 0xfdef);
  return !control && !none;
}

/// What there is at the end of a label that was cut short; "" where it was not.
std::string_view ellipsis(std::string_view label) {
  for (const std::string_view mark : {"\xE2\x80\xA6", "..."}) {
    if (label.ends_with(mark)) return mark;
  }
  return {};
}

bool says_where(std::string_view label, std::string_view target, const WebLinks& links) {
  if (bare_url(label) == bare_url(target)) return true;
  if (label.find_first_of(kHtmlBlanks) != std::string_view::npos) return false;
  for (const std::string_view mark : {"#", "\xEF\xBC\x83", "@"}) {
    if (label.starts_with(mark)) return true;
  }
  // Written in another way: HTTP://Example.org, example.org/ä
  const std::string url = links.web(label);
  const std::string with_scheme = links.web("https://" + std::string{label});
  return (!url.empty() && bare_url(url) == bare_url(target)) ||
         (!with_scheme.empty() && bare_url(with_scheme) == bare_url(target));
}

}  // namespace

std::string shown(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const char c = text.front();
    if (c >= ' ' && c < '\x7f') {
      out += c;
      text.remove_prefix(1);
      continue;
    }
    utf8proc_int32_t character = 0;
    const auto size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                       static_cast<utf8proc_ssize_t>(text.size()), &character);
    const auto bytes = static_cast<std::size_t>(std::max<utf8proc_ssize_t>(size, 1));
    if (size < 1) {
      out += "\xEF\xBF\xBD";
    } else if (c == '\n' || c == '\t') {
      out += c;
    } else if (c == '\r') {
      out += '\n';
    } else if (c == '\f') {
      out += ' ';
    } else if (is_shown(character)) {
      out += text.substr(0, bytes);
    }
    text.remove_prefix(bytes);
  }
  return out;
}

std::string collapsed(std::string_view text) {
  std::string out;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(kHtmlBlanks), text.size()));
    if (text.empty()) return out;
    if (!out.empty()) out += ' ';
    const std::size_t word = std::min(text.find_first_of(kHtmlBlanks), text.size());
    out += text.substr(0, word);
    text.remove_prefix(word);
  }
}

bool HtmlText::full() const {
  return out_.size() > CleanHtmlLimits::kTextBytes;
}

void HtmlText::gap(std::size_t newlines) {
  blank_ = false;
  if (item_) return;  // its mark begins the line
  newlines_ = std::max(newlines_, lists_ > 0 ? std::min<std::size_t>(newlines, 1) : newlines);
  gap_ = true;
}

void HtmlText::line_break() {
  blank_ = false;
  if (!item_) newlines_ = std::max<std::size_t>(newlines_, std::min<std::size_t>(newlines_ + 1, 2));
}

void HtmlText::begin_list() {
  gap(2);
  ++lists_;
}

void HtmlText::end_list() {
  --lists_;
  gap(2);
}

void HtmlText::begin_item() {
  gap(1);
  item_ = true;
}

void HtmlText::end_item() {
  item_ = false;
  gap(1);
}

/// Writes what is due first.
void HtmlText::word(std::string_view characters) {
  if (!out_.empty()) {
    out_.append(newlines_, '\n');
    if (newlines_ == 0 && blank_) out_ += ' ';
  }
  if (item_) {
    if (!out_.empty() && newlines_ == 0) out_ += '\n';
    out_.append(2 * (std::clamp<std::size_t>(lists_, 1, kIndentedLists) - 1), ' ');
    out_ += "- ";
  }
  newlines_ = 0;
  gap_ = blank_ = item_ = false;
  if (in_link_ && link_ == std::string::npos) link_ = out_.size();
  out_ += characters;
}

void HtmlText::text(std::string_view text, bool preformatted) {
  const std::string_view separators = preformatted ? std::string_view{"\n"} : kHtmlBlanks;
  while (!text.empty() && !full()) {
    const std::size_t size = std::min(text.find_first_of(separators), text.size());
    if (size > 0) word(text.substr(0, size));
    text.remove_prefix(size);
    if (text.empty()) return;
    if (!preformatted) {
      if (newlines_ == 0) blank_ = true;
    } else if (!gap_ && !item_) {
      newlines_ = std::min(newlines_ + 1, kMostNewlines);
    }
    text.remove_prefix(1);
  }
}

void HtmlText::begin_link() {
  in_link_ = true;
  link_ = std::string::npos;
}

void HtmlText::end_link(const std::string& target) {
  in_link_ = false;
  if (link_ == std::string::npos || full()) return;
  const std::string label = collapsed(std::string_view{out_}.substr(link_));
  if (says_where(label, target, links_)) return;
  const std::string_view mark = ellipsis(label);
  const std::string_view start =
      bare_url(std::string_view{label}.substr(0, label.size() - mark.size()));
  if (!mark.empty() && !start.empty() && bare_url(target).starts_with(start)) {
    out_.replace(link_, std::string::npos, target);
    return;
  }
  out_ += " (";
  out_ += target.starts_with("mailto:") ? bare_url(target) : std::string_view{target};
  out_ += ')';
}

std::string HtmlText::take() {
  out_.resize(clipped(out_, CleanHtmlLimits::kTextBytes).size());
  return std::move(out_);
}

}  // namespace pullwire::ingestor
