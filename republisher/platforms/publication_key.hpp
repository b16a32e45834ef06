// What tells a platform, or a receiver, that it has a publication already. Pure.
#pragma once

#include <string>
#include <string_view>

#include "republisher/publish/target.hpp"

namespace pullwire::republisher {

/// A digest of post, target and format, 32 hexadecimal digits: the same whenever, and by
/// whomever, the publication is made.
std::string publication_key(const Document& document, std::string_view target);

}  // namespace pullwire::republisher
