// What tells a platform, or a receiver, that it has a publication already. Pure.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "republisher/publish/target.hpp"

namespace pullwire::republisher {

/// 32 hexadecimal digits of BLAKE2b: for the same parts the same, now and in later versions.
std::string stable_digest(std::initializer_list<std::string_view> parts);

/// A digest of post, target and format, 32 hexadecimal digits: the same whenever, and by
/// whomever, the publication is made.
std::string publication_key(const Document& document, std::string_view target);

}  // namespace pullwire::republisher
