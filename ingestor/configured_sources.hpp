// The ingestor's sources, as the file or the command line names them.
#pragma once

#include <string>
#include <vector>

#include "common/ops/located.hpp"
#include "common/ops/settings.hpp"
#include "ingestor/intake.hpp"
#include "ingestor/sources/make_source.hpp"

namespace pullwire::ingestor {

/// Opens the ones of `uris` (the short form) and of `tables` ([[ingestor.source]]). `where`
/// names the place for the error that there are none. `context` has what is common to all.
/// Throws Misconfigured, and std::runtime_error for a file that cannot be opened.
std::vector<FilteredSource> open_sources(const std::vector<Located>& uris,
                                         std::vector<Table>& tables, const std::string& where,
                                         const SourceContext& context);

}  // namespace pullwire::ingestor
