// Reads RSS 2.0, RSS 1.0, Atom and JSON Feed, also as they are in the wild.
//
// Pure; from any thread.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "ingestor/live/found_post.hpp"

namespace pullwire::ingestor {

/// The document is no feed that can be read; what() is one line that says why.
class NoFeed : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct FeedDocument {
  struct Skipped {
    std::size_t item;  ///< the first is 1
    std::string why;
  };

  std::vector<FoundPost> posts;  ///< in the document's order; of an id that repeats the first
  std::vector<Skipped> skipped;  ///< items that are no post, and those whose id repeats
  std::string damage;            ///< how the document is broken, if it is; "": it is not
};

constexpr std::size_t kMostFeedBytes = 16 * 1024 * 1024;

/// Takes what can be read of a document that is broken: of one that is cut off the items that
/// are whole, at most 10,000 (`damage` says so if there are more). No entity that the document
/// declares is expanded, and nothing is loaded that it names. Time is linear in its size.
///
/// A post's id is guid, atom:id or rdf:about, else its URL, else a hash of its content. Its
/// title is the first line of its text, unless the text begins with it. Its hashtags are the
/// item's categories ("Computer Science": ComputerScience) and those in its text. As feeds
/// know no handles, `author` is the name, too.
///
/// `content_type` is the header's value ("" if there was none): its charset wins over the
/// document's (RFC 7303) unless the bytes show that it cannot be right. `url` is where the document
/// came from, for relative links. Throws NoFeed.
FeedDocument read_feed(std::string_view bytes, std::string_view content_type, std::string_view url);

}  // namespace pullwire::ingestor
