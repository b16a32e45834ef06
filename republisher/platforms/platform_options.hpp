// The options that a target of each platform has of its own, from its [[republisher.target]].
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/ops/settings.hpp"
#include "common/ops/url.hpp"
#include "republisher/platforms/publisher.hpp"
#include "republisher/render/renderer.hpp"

namespace pullwire::republisher {

using Formats = std::vector<const Format*>;

/// Publishers are made when the target is, of what was read before.
using MakePublisher = std::function<std::unique_ptr<Publisher>()>;

// `name` and `formats` are the target's. They throw Misconfigured, and std::invalid_argument for
// a wrong `url`.

MakePublisher read_bluesky(Table& table, const std::string& name, const Url& url,
                           const Formats& formats);
MakePublisher read_mastodon(Table& table, const std::string& name, const Url& url,
                            const Formats& formats);
MakePublisher read_webdav(Table& table, const std::string& name, const Url& url,
                          const Formats& formats);
MakePublisher read_webhook(Table& table, const std::string& name, const Url& url,
                           const Formats& formats);
MakePublisher read_wordpress(Table& table, const std::string& name, const Url& url,
                             const Formats& formats);

}  // namespace pullwire::republisher
