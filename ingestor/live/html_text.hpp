// What a reader sees of HTML, as plain text.
//
// Not thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "ingestor/live/web_links.hpp"

namespace pullwire::ingestor {

constexpr std::string_view kHtmlBlanks = " \t\n\r\f";

/// Text without what neither XML nor a terminal takes: control characters (a carriage return
/// becomes a line break, a form feed a blank) and noncharacters. `text` is UTF-8.
std::string shown(std::string_view text);

/// Without blanks at the ends, each run of them one.
std::string collapsed(std::string_view text);

class HtmlText {
 public:
  /// What follows begins a line (1) or a paragraph (2).
  void gap(std::size_t newlines);
  void line_break();
  void begin_list();
  void end_list();
  void begin_item();
  void end_item();

  /// Runs of blanks become one; `preformatted`: they stay.
  void text(std::string_view text, bool preformatted);

  /// Links are not within one another.
  void begin_link();
  void end_link(const std::string& target);

  /// Without what is beyond CleanHtmlLimits::kTextBytes.
  std::string take();

 private:
  void word(std::string_view characters);
  [[nodiscard]] bool full() const;

  std::string out_;
  std::size_t newlines_ = 0;  // due
  bool gap_ = false;          // they are due since a block began or ended
  bool blank_ = false;        // one is due
  bool item_ = false;         // its mark is due
  std::size_t lists_ = 0;     // within one another
  bool in_link_ = false;
  std::size_t link_ = std::string::npos;  // where its label begins
  const WebLinks links_{""};
};

}  // namespace pullwire::ingestor
