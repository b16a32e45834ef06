// A target over HTTP as it is configured.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/ops/settings.hpp"
#include "republisher/publish/make_target.hpp"

namespace pullwire::republisher {

/// Whether `kind` is one of the platforms that there are, over https or http.
bool is_platform(std::string_view kind);

/// Reads the keys of its kind. Throws Misconfigured.
ConfiguredTarget read_platform(Table& table, const std::string& name, const Located& uri,
                               const std::vector<const Format*>& formats);

}  // namespace pullwire::republisher
