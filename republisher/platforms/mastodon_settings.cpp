#include <algorithm>
#include <array>
#include <stdexcept>

#include "common/ops/text.hpp"
#include "republisher/platforms/mastodon.hpp"

namespace pullwire::republisher {

MastodonOptions read_mastodon(Table& table, const std::string& name, const Url& url) {
  constexpr std::array<std::string_view, 3> kVisibilities{"public", "unlisted", "private"};
  if (!url.query.empty()) throw std::invalid_argument{"a server's address has no ?"};
  MastodonOptions options{.base = url.shown(), .target = name, .token = table.secret("token")};
  while (options.base.ends_with('/')) options.base.pop_back();
  if (options.token.empty()) {
    throw Misconfigured{table.where(), "token (or token_file) is needed"};
  }
  if (const auto pattern = table.optional_text("template")) {
    try {
      check_pattern(pattern->text);
    } catch (const std::invalid_argument& error) {
      throw Misconfigured{pattern->where, error.what()};
    }
    options.pattern = pattern->text;
  }
  if (const auto visibility = table.optional_text("visibility")) {
    if (std::find(kVisibilities.begin(), kVisibilities.end(), visibility->text) ==
        kVisibilities.end()) {
      throw Misconfigured{visibility->where, "must be public, unlisted or private, not " +
                                                 in_quotes(visibility->text)};
    }
    options.visibility = visibility->text;
  }
  return options;
}

}  // namespace pullwire::republisher
