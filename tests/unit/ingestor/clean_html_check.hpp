// Looks at clean_html()'s HTML with another parser, and with a list of its own.
#pragma once

#include <string>
#include <vector>

namespace pullwire::tests {

/// What is wrong with it, a line each; nothing if all is well.
std::vector<std::string> faults_of(const std::string& html);

/// All text of it, one after the other.
std::string text_of(const std::string& html);

/// The targets of its links, in order.
std::vector<std::string> links_of(const std::string& html);

}  // namespace pullwire::tests
