// Which hosts are this machine alone. Pure and thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pullwire {

/// The numeric address of "localhost", "127.x.x.x" or "[::1]" (in brackets, as in
/// a URL; "::1" is returned without). Nothing for any other host.
[[nodiscard]] std::optional<std::string> loopback_address(std::string_view host);

}  // namespace pullwire
