// From a [[republisher.target]] of the configuration to a target.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/net/loop.hpp"
#include "common/ops/http_client.hpp"
#include "common/ops/settings.hpp"
#include "republisher/publish/target.hpp"

namespace pullwire::republisher {

/// What a target needs of the process it is in.
struct TargetContext {
  net::Loop& loop;
  std::function<HttpClient&()> http;  ///< made when it is first needed
};

/// Makes a target when all that the configuration says has been checked. Throws
/// std::runtime_error that names what cannot be had (a directory, say).
using MakeTarget = std::function<std::unique_ptr<Target>(const TargetContext&)>;

/// Reads `uri` and what belongs to its kind from `table`: `directory:PATH`, `null:?…`,
/// `webdav+https://…`, `webhook+https://…`. `name` and `formats` are the target's. Touches nothing.
/// Throws Misconfigured.
MakeTarget read_target(Table& table, const std::string& name,
                       const std::vector<const Format*>& formats);

}  // namespace pullwire::republisher
