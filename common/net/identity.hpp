// Who this process is, to its peers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/flow/messages.hpp"

namespace pullwire::net {

/// Random, from the system: a new one for every start of a process. Throws
/// std::system_error.
flow::Instance new_instance();

/// A random number to seed a link with.
std::uint64_t new_seed();

/// "republisher@host:1234": stage, host and process id, for people.
std::string process_name(std::string_view stage);

}  // namespace pullwire::net
