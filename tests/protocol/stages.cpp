#include "tests/protocol/stages.hpp"

namespace pullwire::tests {

LoneIngestor::LoneIngestor(const std::vector<std::string>& flags)
    : pipeline_{{.ingestor = "state = \"ingestor.db\"\nsources = [\"simulated:\"]\n",
                 .republisher = {},
                 .reporter = {}}},
      process_{pipeline_.start_ingestor(flags)} {}

LoneReporter::LoneReporter(int max_demand)
    : pipeline_{{.ingestor = {},
                 .republisher = {},
                 .reporter = "max_demand = " + std::to_string(max_demand) + "\n"}},
      process_{pipeline_.start_reporter()} {}

LoneRepublisher::LoneRepublisher(const std::string& uri, const std::string& formats,
                                 const std::vector<std::string>& flags)
    : pipeline_{{.ingestor = {},
                 .republisher = "max_demand = 10\n",
                 .targets = "[[republisher.target]]\nname = \"null\"\nuri = \"" + uri +
                            "\"\nformats = [" + formats + "]\n",
                 .reporter = {}}},
      process_{pipeline_.start_republisher(flags)} {}

}  // namespace pullwire::tests
