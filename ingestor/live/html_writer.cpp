#include "ingestor/live/html_writer.hpp"

#include <algorithm>
#include <utility>

#include "ingestor/live/clean_html.hpp"
#include "ingestor/live/html_text.hpp"

namespace pullwire::ingestor {

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
}

bool HtmlWriter::too_long() const {
  return out_.size() > CleanHtmlLimits::kHtmlBytes;
}

void HtmlWriter::close_down_to(std::size_t depth) {
  while (open_.size() > depth) {
    out_ += "</";
    out_ += open_.back().name;
    out_ += '>';
    if (open_.back().block) {
      line_begun_ = false;
      newlines_ = 0;
    }
    open_.pop_back();
  }
}

void HtmlWriter::go_to(const Path& path) {
  const auto same = std::mismatch(open_.begin(), open_.end(), path.begin(), path.end(),
                                  [](const Written& written, const OpenElement& wanted) {
                                    return written.serial == wanted.serial;
                                  });
  close_down_to(static_cast<std::size_t>(same.first - open_.begin()));
  const bool block = std::any_of(same.second, path.end(), [](const auto& e) { return e.block; });
  if (line_begun_ && !block) {
    // No new block keeps the lines apart.
    if (boundary_) {
      out_ += "<br/>";
    } else if (blank_) {
      out_ += ' ';
    }
  }
  boundary_ = blank_ = false;
  for (auto wanted = same.second; wanted != path.end(); ++wanted) {
    out_ += '<';
    out_ += wanted->name;
    out_ += wanted->attributes;
    out_ += '>';
    open_.push_back({wanted->serial, wanted->name, wanted->block});
    if (wanted->block) line_begun_ = false;
  }
}

void HtmlWriter::text(const Path& path, std::string_view text, bool is_preformatted) {
  if (too_long()) return;
  if (is_preformatted) {
    preformatted(path, text);
  } else {
    characters(path, text);
  }
}

void HtmlWriter::characters(const Path& path, std::string_view text) {
  bool there = false;
  while (!text.empty()) {
    const std::size_t blanks = std::min(text.find_first_not_of(kHtmlBlanks), text.size());
    if (blanks > 0) blank_ = true;
    text.remove_prefix(blanks);
    if (text.empty()) return;
    const std::size_t word = std::min(text.find_first_of(kHtmlBlanks), text.size());
    if (!there) {
      go_to(path);
      there = true;
    } else if (blank_) {
      out_ += ' ';
    }
    blank_ = false;
    append_escaped(out_, text.substr(0, word));
    line_begun_ = true;
    text.remove_prefix(word);
  }
}

/// Line breaks at its beginning and end are left out: HTML passes over one at the beginning.
void HtmlWriter::preformatted(const Path& path, std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = std::min(text.find('\n'), text.size());
    if (size > 0) {
      const bool boundary = boundary_;
      boundary_ = blank_ = false;
      std::size_t due = newlines_;
      // What is open may end here, with the lines that are due.
      go_to(path);
      if (!line_begun_) {
        due = 0;
      } else if (due == 0 && boundary) {
        due = 1;
      }
      out_.append(due, '\n');
      newlines_ = 0;
      append_escaped(out_, text.substr(0, size));
      line_begun_ = true;
    }
    text.remove_prefix(size);
    if (text.empty()) return;
    ++newlines_;
    text.remove_prefix(1);
  }
}

void HtmlWriter::line_break(const Path& path) {
  if (too_long()) return;
  blank_ = false;
  go_to(path);
  out_ += "<br/>";
  line_begun_ = false;
}

void HtmlWriter::rule(const Path& path) {
  if (too_long()) return;
  boundary_ = blank_ = false;
  go_to(path);
  out_ += "<hr/>";
  line_begun_ = false;
}

std::string HtmlWriter::take() {
  close_down_to(0);
  return std::move(out_);
}

}  // namespace pullwire::ingestor
