// From the configuration's `uri` to a target.
#pragma once

#include <memory>

#include "common/net/loop.hpp"
#include "common/ops/located.hpp"
#include "republisher/publish/target.hpp"

namespace pullwire::republisher {

/// Throws Misconfigured unless `uri` is `directory:PATH` or `null:?…` with options
/// that exist. Touches nothing.
void check_target(const Located& uri);

/// Requires that check_target passed. Throws std::runtime_error that names what cannot
/// be had (a directory, say).
std::unique_ptr<Target> make_target(const Located& uri, net::Loop& loop);

}  // namespace pullwire::republisher
