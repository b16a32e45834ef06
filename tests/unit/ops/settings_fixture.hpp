// What tests of the configuration need: a folder, variables, and a command line.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

#include "common/ops/settings.hpp"
#include "tests/temp_dir.hpp"

namespace pullwire {

/// Sets an environment variable and takes it back.
class Variable {
 public:
  Variable(std::string name, const std::string& value) : name_{std::move(name)} {
    ::setenv(name_.c_str(), value.c_str(), 1);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { ::unsetenv(name_.c_str()); }

 private:
  std::string name_;
};

/// Every kind of key, read as an executable would read its own.
class SettingsFixture {
 public:
  /// Writes the file and gives its path.
  std::string file(std::string_view content) const {
    const std::filesystem::path path = folder_ / "pipeline.toml";
    tests::write_file(path, content);
    return path.string();
  }

  const std::filesystem::path& folder() const { return folder_.path(); }

  std::optional<int> read(const std::vector<std::string>& arguments) {
    settings.text("bind", bind, "Address");
    settings.text("state", state, "Cursors");
    settings.texts("sources", sources, "Sources");
    settings.texts("hashtags", hashtags, "Hashtags");
    settings.number("max_demand", max_demand, {1, 1000}, "Posts in flight");
    settings.decimal("cost_ms", cost_ms, {0, 60'000}, "Cost");
    settings.flag("exit_when_done", exit_when_done, "End");
    settings.tables("target", targets);
    std::vector<const char*> argv{"ingestor"};
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    return settings.read(static_cast<int>(argv.size()), argv.data());
  }

  /// Reads a file with this content.
  void read_file(std::string_view content, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"--config", file(content)});
    read(more);
  }

  /// The line of the Misconfigured that `action` throws, with FOLDER for the folder.
  template <class Action>
  std::string refusal(Action action) const {
    try {
      action();
    } catch (const Misconfigured& error) {
      std::string line = error.what();
      const std::string path = folder_.path().string();
      for (auto at = line.find(path); at != std::string::npos; at = line.find(path)) {
        line.replace(at, path.size(), "FOLDER");
      }
      return line;
    }
    return "nothing was refused";
  }

  Located bind{"tcp://127.0.0.1:5570", {}, {}};
  Located state{"ingestor.db", {}, {}};
  std::vector<Located> sources;
  std::vector<Located> hashtags{{"one", {}, {}}, {"two", {}, {}}};
  std::uint64_t max_demand = 100;
  double cost_ms = 0;
  bool exit_when_done = false;
  std::vector<Table> targets;
  Settings settings{"ingestor", "Reads posts."};

 private:
  tests::TempDir folder_;
};

inline std::vector<std::string> texts_of(const std::vector<Located>& values) {
  std::vector<std::string> texts;
  for (const Located& value : values) texts.push_back(value.text);
  return texts;
}

}  // namespace pullwire
