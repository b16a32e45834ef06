// `reporter --list deferred|failed`: what is not published, for an operator to read.
#pragma once

#include <cstdio>
#include <filesystem>

#include "common/model/publication.hpp"

namespace pullwire::reporter {

/// Writes a header and a line for each publication with `status`, tab-separated, in the order in
/// which they were first recorded: post_id, target, format, attempts, retry_at (of deferred ones)
/// or recorded_at, error. Values are on one line and without tabs, as ops/text.hpp escapes them.
///
/// The SQLite database at `path` is only read, in pages, so that a reporter may go on writing:
/// what changes meanwhile is listed as it is when its page is read. Throws std::runtime_error if
/// it cannot be read, or `out` not be written.
void list_publications(const std::filesystem::path& path, Status status, std::FILE* out);

}  // namespace pullwire::reporter
