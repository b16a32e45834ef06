#include "tests/protocol/stages.hpp"

namespace pullwire::tests {

LoneIngestor::LoneIngestor(const std::vector<std::string>& flags)
    : pipeline_{{.ingestor = "state = \"ingestor.db\"\nsources = [\"simulated:\"]\n",
                 .republisher = {},
                 .reporter = {}}},
      process_{pipeline_.start_ingestor(flags)} {}

}  // namespace pullwire::tests
