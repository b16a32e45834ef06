// Posts from JSON lines on standard input (`file:-`).
#pragma once

#include <memory>
#include <string>

#include "ingestor/sources/source.hpp"

namespace pullwire::ingestor {

/// A source of what comes on `descriptor`, which it neither closes nor changes. It is read
/// only when something is there. It has no position and no cursor, and ends at the end of
/// the input or when reading fails. What is no post is told as "standard input:LINE".
///
/// Throws std::runtime_error if nothing is open there.
std::unique_ptr<Source> make_standard_input(std::string name, int descriptor = 0);

}  // namespace pullwire::ingestor
