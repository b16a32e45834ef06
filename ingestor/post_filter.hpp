// Which of a source's posts are wanted, beside their hashtags. Pure; not thread-safe.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "common/model/post.hpp"
#include "ingestor/sources/source.hpp"

namespace pullwire::ingestor {

class PostFilter {
 public:
  /// Empty lists, and a `max_age` of zero, let everything pass.
  struct Rules {
    std::vector<std::string> languages{};  ///< BCP 47; "en" is "en-GB", too; "": of posts without
    std::vector<std::string> exclude_languages{};
    std::vector<std::string> authors{};  ///< handles, in any case, with @ or without
    std::vector<std::string> exclude_authors{};
    std::vector<std::string> match{};  ///< RE2 expressions, one of which must be found in the text
    std::vector<std::string> exclude{};
    bool reposts = false;
    bool replies = true;
    std::chrono::seconds max_age{0};  ///< when it is ingested; posts without created_at pass
  };

  /// Lets everything pass.
  PostFilter();
  /// Throws std::invalid_argument for an expression that is none; it names it.
  explicit PostFilter(Rules rules);
  PostFilter(PostFilter&&) noexcept;
  PostFilter& operator=(PostFilter&&) noexcept;
  ~PostFilter();

  [[nodiscard]] bool matches(const Post& post, const Traits& traits) const;

 private:
  class Expressions;

  bool everything_;
  Rules rules_;
  std::unique_ptr<Expressions> match_;
  std::unique_ptr<Expressions> exclude_;
};

}  // namespace pullwire::ingestor
