#include "republisher/publish/make_target.hpp"

#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "republisher/publish/directory.hpp"
#include "republisher/publish/null.hpp"

namespace pullwire::republisher {
namespace {

/// What follows `prefix`, if the text begins with it.
std::optional<std::string_view> after(std::string_view text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return std::nullopt;
  return text.substr(prefix.size());
}

NullTarget::Options null_options(const Located& uri) {
  try {
    return NullTarget::parse(*after(uri.text, "null:"));
  } catch (const std::invalid_argument& error) {
    throw Misconfigured{uri.where, uri.text + ": " + error.what()};
  }
}

}  // namespace

void check_target(const Located& uri) {
  if (const auto path = after(uri.text, "directory:")) {
    if (path->empty()) throw Misconfigured{uri.where, "a path must follow directory:"};
  } else if (after(uri.text, "null:")) {
    null_options(uri);
  } else {
    throw Misconfigured{uri.where,
                        "unknown kind of target " + uri.text + "; there are directory: and null:"};
  }
}

std::unique_ptr<Target> make_target(const Located& uri, net::Loop& loop) {
  if (const auto path = after(uri.text, "directory:")) {
    return make_directory_target(std::filesystem::absolute(uri.base / *path));
  }
  return std::make_unique<NullTarget>(loop, null_options(uri));
}

}  // namespace pullwire::republisher
