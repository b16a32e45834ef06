// Writes HTML of which a parser makes the tree that was meant: elements only where HTML
// allows them, opened when something stands in them, and each of them closed.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pullwire::ingestor {

/// An element that what is written next stands in.
struct OpenElement {
  std::uint64_t serial;  ///< the same: still the same element
  std::string_view name;
  std::string_view attributes;  ///< as they are to be written, each with a blank before
  bool block;
};

class HtmlWriter {
 public:
  /// What stands where in the document, from the outermost on.
  using Path = std::vector<OpenElement>;

  /// A block begins or ends in the source: what follows stands on another line.
  void boundary() { boundary_ = true; }

  /// Runs of blanks become one; `preformatted`: they stay.
  void text(const Path& path, std::string_view text, bool preformatted);
  void line_break(const Path& path);
  void rule(const Path& path);

  /// Whether it has become longer than CleanHtmlLimits::kHtmlBytes; nothing more is written
  /// then.
  [[nodiscard]] bool too_long() const;

  /// Closes what is open.
  std::string take();

 private:
  struct Written {
    std::uint64_t serial;
    std::string_view name;
    bool block;
  };

  void go_to(const Path& path);
  void close_down_to(std::size_t depth);
  void characters(const Path& path, std::string_view text);
  void preformatted(const Path& path, std::string_view text);

  std::string out_;
  std::vector<Written> open_;
  bool boundary_ = false;
  bool blank_ = false;        // one is due
  bool line_begun_ = false;   // something stands in this line
  std::size_t newlines_ = 0;  // due, preformatted
};

/// Appends `text` with what XML and HTML do not take literally written as references.
void append_escaped(std::string& out, std::string_view text);

}  // namespace pullwire::ingestor
