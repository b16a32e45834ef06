// Configured values with the place they come from, and the error that names it.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace pullwire {

/// What the operator got wrong; the program exits 2. what() is one line, for
/// example "pipeline.toml:4: [ingestor] max_demandd: unknown key".
class Misconfigured : public std::runtime_error {
 public:
  /// `where` as in Located::where. Line breaks and other control characters are
  /// escaped in both.
  Misconfigured(std::string_view where, std::string_view why);
};

/// A value with the place it came from.
struct Located {
  std::string text;              ///< valid UTF-8, no NUL, at most 64 KiB
  std::filesystem::path base{};  ///< what relative paths in `text` are relative to: the file's
                                 ///< folder; empty (the working directory) from anywhere else
  std::string where{};           ///< "pipeline.toml:3: [ingestor] bind", "--bind", "PULLWIRE_BIND",
                                 ///< "default of bind"

  /// `text` taken as a path.
  [[nodiscard]] std::filesystem::path path() const { return base / text; }
};

}  // namespace pullwire
