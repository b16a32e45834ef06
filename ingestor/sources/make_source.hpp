// From an entry of `sources` to a source.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingestor/sources/source.hpp"

namespace pullwire::ingestor {

struct SourceContext {
  std::filesystem::path base;         ///< what relative paths are relative to
  std::vector<std::string> hashtags;  ///< the configured ones
  bool follow;                        ///< a file's end is not the end: it may grow
};

/// Reads `KIND:…` or `NAME=KIND:…`. Throws std::invalid_argument if there is no such
/// kind or option, std::runtime_error if the source cannot be opened.
std::unique_ptr<Source> make_source(std::string_view uri, const SourceContext& context);

}  // namespace pullwire::ingestor
