// What the tests of the whole pipeline have in common: configurations, and what they
// look at from outside.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "tests/harness/pipeline.hpp"

namespace pullwire::tests {

using namespace std::chrono_literals;

/// A pipeline fed by `source`, with the ingestor's state in its own folder. `ingestor`:
/// further lines of the section.
Pipeline::Config fed_by(const std::string& source, const std::string& ingestor = "");

/// The target `null` with an option such as "?cost_ms=1", in these formats: "\"text\"".
std::string null_target(const std::string& options, const std::string& formats = "\"text\"");

/// Whether `holds` does at every look during `span`.
bool stays(const std::function<bool()>& holds, std::chrono::milliseconds span);

/// Live sessions of a stage with an HTTP port, on the link "posts" or "publications".
double sessions(int port, const std::string& link);

/// The process has a state letter of proc(5): 'T' stopped, 'Z' dead.
bool in_state(const Process& process, char letter);

/// Lines of a process's log that have `part`.
std::size_t lines_with(const Process& process, const std::string& part);

/// What a stage with an HTTP port says at /readyz, without the line's end; "" if nothing.
std::string readiness(int port);

/// The database has each of `posts` posts, in each of `formats` formats once, published.
bool complete(const Pipeline& pipeline, std::int64_t posts, std::int64_t formats = 1);

}  // namespace pullwire::tests
