// The command line: flags to texts.
//
// The only place that knows the command line library. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pullwire {

struct FlagDescription {
  std::string flag;   ///< "--max-demand"
  std::string value;  ///< what --help calls the value: "N"; empty: a switch, --x or --x=false
  std::string help;
};

struct CommandLine {
  /// What --help or --version wants on standard output; nothing else counts then.
  std::optional<std::string> output;
  /// By flag, in the order given. A switch without a value is "true".
  std::map<std::string, std::vector<std::string>, std::less<>> values;
};

/// Throws Misconfigured for an unknown flag, a value that is missing, and for
/// arguments that are no flags.
CommandLine parse_command_line(std::string_view program, std::string_view about,
                               const std::vector<FlagDescription>& flags, int argc,
                               const char* const* argv);

}  // namespace pullwire
