// From a source's URI in the configuration to the source.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingestor/live/live_settings.hpp"
#include "ingestor/sources/replay.hpp"
#include "ingestor/sources/source.hpp"

namespace pullwire::ingestor {

/// What a source needs to know of the configuration it stands in.
struct SourceContext {
  std::filesystem::path base;         ///< relative paths are relative to it
  std::vector<std::string> hashtags;  ///< of the filter
  bool follow = true;                 ///< a file's end is not the source's
  ReplayOptions replay{};             ///< of a replay: what its URI doesn't say
  // What only live sources need.
  LiveSettings live{};
  PostFilter::Rules rules{};
  std::function<Outside&()> outside{};  ///< made when it is first needed
};

/// Whether it can be a NAME.
bool is_source_name(std::string_view name);

/// The kind of `uri`, for example "file" or "mastodon+https"; "" if it has none.
std::string_view kind_of(std::string_view uri);

/// Opens `KIND:…` or `NAME=KIND:…`. NAME is by default KIND (of live sources: live_name),
/// otherwise 1 to 64 letters, digits, _, ., / and -. Throws std::invalid_argument for a URI that is
/// wrong, and std::runtime_error for a file that cannot be opened; both name what it is about.
std::unique_ptr<Source> make_source(std::string_view uri, const SourceContext& context);

}  // namespace pullwire::ingestor
