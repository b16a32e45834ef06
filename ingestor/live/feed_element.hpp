// The text of one element, or its markup.
//
// Pure; not thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "ingestor/live/feed_item.hpp"
#include "ingestor/live/feed_names.hpp"
#include "ingestor/live/feed_scanner.hpp"

namespace pullwire::ingestor {

/// Gathers what stands between the start tag and the end tag of an element with text: its
/// text, or HTML as soon as there is an element in it and `kind` is not nothing.
class FeedElement {
 public:
  /// `name` as in the start tag. Without `field` all is passed over.
  FeedElement(std::string_view name, std::optional<FeedField> field,
              FeedText::Kind kind = FeedText::Kind::None)
      : name_{name}, field_{field}, kind_{kind} {}

  /// A start tag in it.
  void start(const FeedScanner& tag, bool empty);
  /// An end tag; true if it is the element's own.
  [[nodiscard]] bool end(const FeedScanner& tag);
  /// Another end tag in it.
  void end_inner(const FeedScanner& tag);
  void text(std::string_view raw);
  void cdata(std::string_view text);

  std::string_view name() const { return name_; }
  std::optional<FeedField> field() const { return field_; }
  /// Leaves it empty.
  FeedText take() { return {std::move(text_), kind_}; }

 private:
  std::string_view name_;
  std::optional<FeedField> field_;
  FeedText::Kind kind_;
  bool markup_ = false;     // text_ is HTML whose references are not resolved
  std::size_t nested_ = 0;  // open elements of its name in it
  std::string text_;
};

}  // namespace pullwire::ingestor
