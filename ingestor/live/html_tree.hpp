// HTML as the tree that a browser would make of it, within bounds.
//
// Pure; from any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <gumbo.h>

namespace pullwire::ingestor {

/// What a page has in its <body> if that begins with `input`.
class HtmlTree {
 public:
  explicit HtmlTree(std::string_view input);
  ~HtmlTree();
  HtmlTree(const HtmlTree&) = delete;
  HtmlTree& operator=(const HtmlTree&) = delete;

  /// The <body>; null if the markup would cost more than
  /// it may (memory, elements within one another, attributes of one element), or if the
  /// parser contradicts itself.
  [[nodiscard]] const GumboNode* root() const { return root_; }

  /// Gives up the parsing that is under way on this thread; does nothing where there is none.
  static void stop_parsing();

 private:
  class Memory;
  static thread_local Memory* parsing_;

  std::string page_;  // what the tree points into
  std::unique_ptr<Memory> memory_;
  const GumboNode* root_ = nullptr;
};

}  // namespace pullwire::ingestor
