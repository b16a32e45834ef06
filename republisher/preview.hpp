// Shows what would be sent where, and sends nothing.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "republisher/publish/make_target.hpp"

namespace pullwire::republisher {

struct PreviewTarget {
  std::string name;
  std::vector<const Format*> formats;
  ShowDocument show;
};

inline constexpr std::size_t kPreviewedPosts = 100;

/// Prints, for each of the first `kPreviewedPosts` posts of `file` (JSON lines as `file:` reads
/// them, of at most 4 MiB; "-": standard input) and each target and format, the address, and the
/// fitted text or the document's media type and size. Lines that are no post are told on
/// standard error, with their number. Names in addresses are those of posts of a source named
/// "preview". Returns the exit code: 1 if a line was no post. Throws std::runtime_error if the
/// file cannot be read, or nothing can be printed.
int preview(const std::filesystem::path& file, const std::vector<PreviewTarget>& targets);

}  // namespace pullwire::republisher
