// Hashtags: where they stand in a text, when two are the same, and the filter on them.
//
// A hashtag is # or ＃ not directly after a letter, digit, mark, _, & or /, then
// letters, marks, digits and _, at least one of them a letter. Letters, marks and
// digits are Unicode's general categories L, M and Nd. Pure; any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "common/model/post.hpp"

namespace pullwire {

struct HashtagSpan {
  std::size_t begin;     ///< of the #, in bytes
  std::size_t size;      ///< in bytes, # included
  std::string_view tag;  ///< without #, a view into the text

  friend bool operator==(const HashtagSpan&, const HashtagSpan&) = default;
};

/// All hashtags of `text` in order, repeated ones too. Bytes that are no UTF-8
/// belong to no hashtag and end one.
std::vector<HashtagSpan> find_hashtags(std::string_view text);

/// Adds the hashtags of `text` that a post carries: each once (the first spelling),
/// within PostLimits; what is longer or beyond their number is left out. `tags`
/// holds views into `text`.
void collect_hashtags(std::string_view text, std::vector<std::string_view>& tags);

/// Two hashtags are the same if this is equal: NFKC, full case folding, NFKC. Takes
/// the tag without #, and strips nothing. What is no UTF-8 comes back unchanged.
std::string fold_hashtag(std::string_view tag);

/// What a phrase is as a hashtag, without #: what a hashtag can hold of it ("Computer Science":
/// ComputerScience). "" if there is no letter.
std::string hashtag_of(std::string_view phrase);

/// What an operator or a file means by a hashtag: without surrounding blanks and
/// without one leading # or ＃. May be empty.
std::string_view bare_hashtag(std::string_view written);

/// Which posts are wanted.
class HashtagFilter {
 public:
  /// No hashtags: every post. They may be written with #. Throws
  /// std::invalid_argument if one is empty.
  explicit HashtagFilter(std::span<const std::string> wanted);

  bool matches(const Post& post) const;

 private:
  std::unordered_set<std::string> wanted_;  // folded
};

}  // namespace pullwire
