#include "common/ops/command_line.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "common/ops/located.hpp"
#include "common/ops/text.hpp"

namespace pullwire {
namespace {

[[noreturn]] void refuse_extra(std::string argument, const std::vector<FlagDescription>& flags) {
  if (argument.empty() || argument.front() != '-') {
    throw Misconfigured(in_quotes(argument), "unexpected argument: values belong to flags");
  }
  std::vector<std::string> known{"--help", "--version"};
  for (const FlagDescription& flag : flags) known.push_back(flag.flag);
  argument.resize(std::min(argument.find('='), argument.size()));
  throw Misconfigured(shortened(argument, 200), "unknown flag" + did_you_mean(argument, known));
}

/// The arguments with --flag=value taken apart. The library takes --flag= for a flag
/// without a value, and in --one --two the second for the value of the first.
std::vector<std::string> split_arguments(const std::vector<FlagDescription>& flags, int argc,
                                         const char* const* argv) {
  const auto takes_value = [&flags](std::string_view name) {
    return std::any_of(flags.begin(), flags.end(), [name](const FlagDescription& flag) {
      return flag.flag == name && !flag.value.empty();
    });
  };
  std::vector<std::string> arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const std::size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    if (!takes_value(name)) {
      arguments.emplace_back(argument);
      continue;
    }
    arguments.emplace_back(name);
    if (equals != std::string_view::npos) {
      arguments.emplace_back(argument.substr(equals + 1));
    } else if (i + 1 < argc && std::string_view{argv[i + 1]}.substr(0, 2) != "--") {
      arguments.emplace_back(argv[++i]);
    } else {
      throw Misconfigured(name, "needs a value");
    }
  }
  return arguments;
}

}  // namespace

CommandLine parse_command_line(std::string_view program, std::string_view about,
                               const std::vector<FlagDescription>& flags, int argc,
                               const char* const* argv) {
  CLI::App app{std::string{about}, std::string{program}};
  app.allow_extras();
  app.set_help_flag("-h,--help", "Print this and exit");
  app.set_version_flag("--version", fmt::format("pullwire {} {}", program, PULLWIRE_VERSION),
                       "Print the version and exit");
  app.get_formatter()->column_width(36);

  CommandLine result;
  std::map<std::string, std::vector<std::string>> texts;
  std::vector<std::pair<std::string, CLI::Option*>> switches;
  for (const FlagDescription& flag : flags) {
    if (flag.value.empty()) {
      switches.emplace_back(flag.flag, app.add_flag(flag.flag, flag.help));
    } else {
      app.add_option(flag.flag, texts[flag.flag], flag.help)
          ->allow_extra_args(false)
          ->option_text(flag.value);
    }
  }

  try {
    std::vector<std::string> arguments = split_arguments(flags, argc, argv);
    std::reverse(arguments.begin(), arguments.end());  // as the library wants them
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    result.output = app.help();
    return result;
  } catch (const CLI::CallForVersion& version) {
    result.output = fmt::format("{}\n", version.what());
    return result;
  } catch (const CLI::ParseError& error) {
    throw Misconfigured("command line", error.what());
  }
  if (const auto extra = app.remaining(); !extra.empty()) refuse_extra(extra.front(), flags);

  for (auto& [flag, values] : texts) {
    if (!values.empty()) result.values[flag] = std::move(values);
  }
  for (const auto& [flag, option] : switches) {
    if (option->count() > 0) result.values[flag] = option->results();
  }
  return result;
}

}  // namespace pullwire
