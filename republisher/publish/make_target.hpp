// From a [[republisher.target]] of the configuration to a target.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/net/loop.hpp"
#include "common/ops/http_client.hpp"
#include "common/ops/settings.hpp"
#include "republisher/publish/target.hpp"
#include "republisher/render/fitted_text.hpp"

namespace pullwire::republisher {

/// What a target needs of the process it is in.
struct TargetContext {
  net::Loop& loop;
  std::function<HttpClient&()> http;  ///< made when it is first needed
};

/// Makes a target when all that the configuration says has been checked. Throws
/// std::runtime_error that names what cannot be had (a directory, say).
using MakeTarget = std::function<std::unique_ptr<Target>(const TargetContext&)>;

/// What would go out, for people.
struct Shown {
  std::string address;               ///< where to
  std::optional<FittedText> text{};  ///< where that is what goes out
  std::size_t most = 0;              ///< graphemes that it may have
};
/// Sends nothing and touches nothing. `document` is rendered.
using ShowDocument = std::function<Shown(const Document& document)>;

struct ConfiguredTarget {
  MakeTarget make;
  ShowDocument show;
};

/// Reads `uri` and what belongs to its kind from `table`: `directory:PATH`, `null:?…`,
/// `mastodon+https://…` and so on. `name` and `formats` are the target's. Touches nothing.
/// Throws Misconfigured.
ConfiguredTarget read_target(Table& table, const std::string& name,
                             const std::vector<const Format*>& formats);

}  // namespace pullwire::republisher
