// A target that shows what would be published, and publishes nothing.
#pragma once

#include <memory>
#include <string>

#include "republisher/publish/target.hpp"

namespace pullwire::republisher {

/// Logs each publication and ends it as published at "dry-run:".
std::unique_ptr<Target> make_dry_run(std::string name);

}  // namespace pullwire::republisher
