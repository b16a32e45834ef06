#include "ingestor/post_filter.hpp"

#include <algorithm>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <re2/re2.h>

#include "common/ops/text.hpp"

namespace pullwire::ingestor {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same(std::string_view one, std::string_view other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

/// "en" covers "en" and "en-GB" (RFC 4647, 3.3.1).
bool covers(std::string_view range, std::string_view lang) {
  if (range.empty() || lang.size() <= range.size()) return same(range, lang);
  return same(range, lang.substr(0, range.size())) && lang[range.size()] == '-';
}

std::string_view handle(std::string_view written) {
  return written.starts_with('@') ? written.substr(1) : written;
}

bool any_covers(const std::vector<std::string>& ranges, std::string_view lang) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const std::string& range) { return covers(range, lang); });
}

bool any_is(const std::vector<std::string>& authors, std::string_view author) {
  return std::any_of(authors.begin(), authors.end(),
                     [&](const std::string& other) { return same(handle(other), handle(author)); });
}

}  // namespace

class PostFilter::Expressions {
 public:
  explicit Expressions(const std::vector<std::string>& texts) {
    RE2::Options options;
    options.set_log_errors(false);
    for (const std::string& text : texts) {
      expressions_.push_back(std::make_unique<RE2>(text, options));
      if (!expressions_.back()->ok()) {
        throw std::invalid_argument{in_quotes(text) + ": " + expressions_.back()->error()};
      }
    }
  }

  [[nodiscard]] bool empty() const { return expressions_.empty(); }
  [[nodiscard]] bool find_in(std::string_view text) const {
    return std::any_of(expressions_.begin(), expressions_.end(), [&](const auto& expression) {
      return RE2::PartialMatch(re2::StringPiece{text.data(), text.size()}, *expression);
    });
  }

 private:
  std::vector<std::unique_ptr<RE2>> expressions_;
};

PostFilter::PostFilter() : everything_{true} {}

PostFilter::PostFilter(Rules rules)
    : everything_{false},
      rules_{std::move(rules)},
      match_{std::make_unique<Expressions>(rules_.match)},
      exclude_{std::make_unique<Expressions>(rules_.exclude)} {}

PostFilter::PostFilter(PostFilter&&) noexcept = default;
PostFilter& PostFilter::operator=(PostFilter&&) noexcept = default;
PostFilter::~PostFilter() = default;

bool PostFilter::matches(const Post& post, const Traits& traits) const {
  if (everything_) return true;
  if (traits.repost && !rules_.reposts) return false;
  if (traits.reply && !rules_.replies) return false;
  if (!rules_.languages.empty() && !any_covers(rules_.languages, post.lang)) return false;
  if (any_covers(rules_.exclude_languages, post.lang)) return false;
  if (!rules_.authors.empty() && !any_is(rules_.authors, post.author)) return false;
  if (any_is(rules_.exclude_authors, post.author)) return false;
  if (rules_.max_age.count() > 0 && post.created_at) {
    const std::int64_t most = std::chrono::microseconds{rules_.max_age}.count();
    if (post.ingested_at.micros - post.created_at->micros > most) return false;
  }
  if (!match_->empty() && !match_->find_in(post.text)) return false;
  return !exclude_->find_in(post.text);
}

}  // namespace pullwire::ingestor
