#include "republisher/publish/make_target.hpp"

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "republisher/platforms/platform_settings.hpp"
#include "republisher/publish/directory.hpp"
#include "republisher/publish/directory_names.hpp"
#include "republisher/publish/null.hpp"

namespace pullwire::republisher {
namespace {

ConfiguredTarget read_directory(const Located& uri, std::string_view path) {
  if (path.empty()) throw Misconfigured{uri.where, "a path must follow directory:"};
  const std::filesystem::path folder = uri.base / path;
  return {.make =
              [folder](const TargetContext&) {
                return make_directory_target(std::filesystem::absolute(folder));
              },
          .show =
              [folder](const Document& document) {
                return Shown{.address = (folder / document_path(post_key(document.post->post_id),
                                                                document.format->extension))
                                            .string()};
              }};
}

ConfiguredTarget read_null(const Located& uri, std::string_view options) {
  try {
    return {.make =
                [parsed = NullTarget::parse(options)](const TargetContext& context) {
                  return std::make_unique<NullTarget>(context.loop, parsed);
                },
            .show = [](const Document&) { return Shown{.address = "null:"}; }};
  } catch (const std::invalid_argument& error) {
    throw Misconfigured{uri.where, uri.text + ": " + error.what()};
  }
}

}  // namespace

ConfiguredTarget read_target(Table& table, const std::string& name,
                             const std::vector<const Format*>& formats) {
  const Located uri = table.text("uri");
  const std::string_view text = uri.text;
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string_view kind = text.substr(0, colon);
  const std::string_view rest = text.substr(std::min(colon + 1, text.size()));
  if (colon < text.size()) {
    if (kind == "directory") return read_directory(uri, rest);
    if (kind == "null") return read_null(uri, rest);
    if (is_platform(kind)) return read_platform(table, name, uri, formats);
  }
  throw Misconfigured{uri.where,
                      "unknown kind of target " + std::string{kind} +
                          "; there are directory:, null:, bluesky+https:, mastodon+https:, "
                          "webdav+https:, webhook+https: and wordpress+https:"};
}

}  // namespace pullwire::republisher
