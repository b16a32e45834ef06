// Cuts a document into tags and text, well-formed or not.
//
// Pure; not thread-safe. Linear in time and without memory of its own: declarations are
// passed over, so that entities, however many, cost what their bytes cost. A parser of XML
// that recovers loses what feeds in the wild need: libxml2 makes "ATT" of "AT&T", "?a=1=2" of
// "?a=1&b=2", and puts all items into the first whose <br> is not closed.
#pragma once

#include <cstddef>
#include <string_view>

namespace pullwire::ingestor {

/// All views are into the text, references in them unresolved.
class FeedScanner {
 public:
  enum class Token {
    Start,  ///< <a>
    Empty,  ///< <a/>
    End,    ///< </a>
    Text,   ///< also a < that begins nothing
    CData,
    Done  ///< the end of the text
  };

  explicit FeedScanner(std::string_view text) : text_{text} {}

  Token next();

  /// Of a tag: as written, with prefix.
  std::string_view name() const { return name_; }
  /// Of a tag: everything behind the name.
  std::string_view attributes() const { return content_; }
  /// Of text.
  std::string_view content() const { return content_; }
  /// Where the token begins, in bytes.
  std::size_t begin() const { return begin_; }
  /// At the end: whether it came inside of a tag, comment or the like. `begin` is where that
  /// begins.
  bool torn() const { return torn_; }
  /// Whether <!DOCTYPE html> was passed.
  bool is_html() const { return is_html_; }

 private:
  bool pass(std::size_t from, std::string_view end);
  bool pass_declaration();
  Token read_text();
  Token read_end_tag();
  Token read_start_tag();
  Token tear();

  std::string_view text_;
  std::string_view name_;
  std::string_view content_;
  std::size_t at_ = 0;
  std::size_t begin_ = 0;
  bool torn_ = false;
  bool is_html_ = false;
};

/// Goes through `attributes` of a tag; those that are broken are passed over.
class AttributeScanner {
 public:
  explicit AttributeScanner(std::string_view attributes) : rest_{attributes} {}

  bool next();
  std::string_view name() const { return name_; }    ///< as written, with prefix
  std::string_view value() const { return value_; }  ///< references unresolved

 private:
  std::string_view rest_;
  std::string_view name_;
  std::string_view value_;
};

}  // namespace pullwire::ingestor
