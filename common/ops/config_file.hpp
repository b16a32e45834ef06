// The configuration file: TOML, one section for each executable.
//
// The only place that knows the TOML library. Reads the file and the environment.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

#include "common/ops/raw_value.hpp"

namespace pullwire {

inline constexpr std::size_t kMaxConfigBytes = 1024 * 1024;

/// Reads [section] of the file, in the order of its lines; empty if it isn't there.
/// The sections of the other executables are passed over; whatever else stands at
/// the top is refused. ${NAME} in a string is the environment's, once: what it
/// expands to is taken as it is. NAME is made of letters, digits and _, no digit
/// first; any other $ is itself. Throws Misconfigured for everything that is
/// wrong with the file, and for a NAME that isn't set.
RawTable read_config_file(const std::filesystem::path& file, std::string_view section);

}  // namespace pullwire
