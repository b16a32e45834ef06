// Goes through a document and keeps of it what may be shown.
//
// Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <gumbo.h>

#include "ingestor/live/clean_html.hpp"
#include "ingestor/live/html_elements.hpp"
#include "ingestor/live/html_text.hpp"
#include "ingestor/live/html_writer.hpp"
#include "ingestor/live/web_links.hpp"

namespace pullwire::ingestor {

class HtmlWalk {
 public:
  explicit HtmlWalk(const WebLinks& links) : links_{links} {}

  /// Once. `root` itself is not written.
  CleanHtml clean(const GumboNode& root);

 private:
  static constexpr std::size_t kNone = SIZE_MAX;
  static constexpr std::size_t kInlines = 24;  // more than there are kinds

  /// Where in the output something belongs, by the places of its elements in `frames_`.
  struct Position {
    std::size_t block = kNone;  ///< the innermost block that holds others
    std::size_t leaf = kNone;   ///< the paragraph in it
    std::array<std::size_t, kInlines> inlines{};
    std::size_t inline_count = 0;
    bool preformatted = false;
    bool link = false;
  };

  /// An element of the document that has begun and not ended.
  struct Frame {
    const GumboNode* node;
    unsigned next_child = 0;
    ElementKind kind = ElementKind::Through;  ///< as which it is kept
    std::string_view name{};                  ///< under which
    std::uint64_t serial = 0;
    std::string attributes{};
    std::string target{};       ///< of a link
    std::size_t outer = kNone;  ///< of a block: the one around it
    std::size_t depth = 0;      ///< of a block: how many there are around it
    Position inside{};
  };

  void begin(const GumboNode& node);
  void end();
  void place(Frame& frame, Element element);
  void place_block(Frame& frame, Element element);
  void place_inline(Frame& frame, Element element);
  void mark_begin(const Frame& frame);
  void mark_end(const Frame& frame);
  void text(std::string_view text);
  void line_break();
  void rule();
  void image(const GumboElement& element);

  [[nodiscard]] const Position& here() const { return frames_.back().inside; }
  [[nodiscard]] std::size_t flow(std::size_t block) const;
  const HtmlWriter::Path& path(std::size_t block, std::size_t leaf, bool inlines);
  const HtmlWriter::Path& path_here();

  const WebLinks& links_;
  HtmlWriter html_;
  HtmlText text_;
  CleanHtml result_;
  std::unordered_set<std::string> image_urls_;
  std::vector<Frame> frames_;
  std::uint64_t serials_ = 0;
  HtmlWriter::Path path_;
};

}  // namespace pullwire::ingestor
