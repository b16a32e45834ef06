// What the elements of feeds mean, whatever prefixes their writers chose.
//
// Pure; not thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace pullwire::ingestor {

/// The vocabularies that are understood; those of RSS and Atom are one, as feeds mix them.
enum class Vocabulary { Feed, Dublin, Content, Media, Rdf, Itunes, Feedburner, Xhtml, Other };

struct FeedName {
  Vocabulary vocabulary;
  std::string_view local;  ///< without prefix; a view into what was given
};

/// Namespaces in scope. A prefix that is not declared means what it means everywhere else.
class FeedNames {
 public:
  /// Takes the declarations in the attributes of an element at `depth`; they hold until
  /// `leave` is called with it.
  void enter(std::string_view attributes, std::size_t depth);
  void leave(std::size_t depth);

  FeedName of(std::string_view name) const;

 private:
  struct Binding {
    std::string_view prefix;
    Vocabulary vocabulary;
    std::size_t depth;
  };
  static constexpr std::size_t kMost = 64;

  std::vector<Binding> bindings_;
};

enum class FeedRoot { Rss, Rdf, Atom, Html, None };

/// What a document is whose first element has this name.
FeedRoot feed_root(FeedName name);

/// What an element within an item or a feed is for.
enum class FeedField {
  Title,
  Link,
  OrigLink,
  Id,
  Content,
  Description,
  Summary,
  Published,
  Updated,
  Lang,
  Creator,
  Author,
  AuthorName,
  Category,
  Keywords,
  Enclosure,
  MediaGroup,
  MediaContent,
  Thumbnail,
  MediaText,
  MediaTitle
};

/// Nothing for those that are passed over, with all that is in them.
std::optional<FeedField> feed_field(FeedName name);

}  // namespace pullwire::ingestor
