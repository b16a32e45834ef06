// An executable's configuration: from one TOML file, the environment and flags.
//
// A flag wins over the environment (PULLWIRE_ and the key in upper case), that
// over the file, and that over the default. Not thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/ops/located.hpp"
#include "common/ops/log.hpp"
#include "common/ops/raw_value.hpp"

namespace pullwire {

/// A [[section.name]] entry of the file. A function that finds the wrong kind of value throws
/// Misconfigured.
class Table {
 public:
  /// `entry` holds a RawTable; `file` is the one that it stands in.
  explicit Table(RawValue entry, std::filesystem::path file = {});

  /// "pipeline.toml:12: [[republisher.target]]".
  [[nodiscard]] const std::string& where() const { return entry_.where; }

  /// Throws Misconfigured if the key is missing.
  Located text(std::string_view key);
  std::optional<Located> optional_text(std::string_view key);
  /// Empty if the key is missing.
  std::vector<Located> texts(std::string_view key);
  void number(std::string_view key, std::uint64_t& value, Range<std::uint64_t> range);
  void decimal(std::string_view key, double& value, Range<double> range);
  void flag(std::string_view key, bool& value);

  /// A secret: `key`, from the environment (${NAME}), or written out in a file of mode 0600, or
  /// the content of the file that `key`_file names, of mode 0600. One line of at most 4 KiB.
  /// "" if neither is there. No message holds any of it.
  std::string secret(std::string_view key);

  /// Throws Misconfigured, with its line, for the first key that wasn't asked for.
  void refuse_others() const;

 private:
  const RawValue* find(std::string_view key);

  RawValue entry_;
  std::filesystem::path file_;
  std::set<std::string, std::less<>> asked_;
};

/// The keys of one section, each bound to a variable that holds the default.
///
///   std::uint64_t max_demand = 100;
///   Settings settings{"republisher", "Turns posts into publications."};
///   settings.number("max_demand", max_demand, {1, 1'000'000}, "Posts in flight on a link");
///   if (const auto exit = settings.read(argc, argv)) return *exit;
///
/// The variables must outlive read(). Every executable has --config, --check,
/// --log-format, --log-level (these two also in the environment), --help and
/// --version besides. A flag given twice counts the last time, but in lists.
class Settings {
 public:
  /// `section` is the executable's name and its section in the file; `about` one
  /// sentence for --help.
  Settings(std::string_view section, std::string_view about);
  Settings(const Settings&) = delete;
  Settings& operator=(const Settings&) = delete;

  /// value.text holds the default; base and where are filled in. With `in_file` false it is no
  /// key of the file.
  void text(std::string_view key, Located& value, std::string_view help, bool in_file = true);

  /// An array in the file, a repeated flag (one that is empty: no entries), in the
  /// environment separated by blanks (an entry with a blank in it needs the file or
  /// a flag). Whatever wins replaces the whole list.
  void texts(std::string_view key, std::vector<Located>& values, std::string_view help);

  /// `in_file` as above.
  void number(std::string_view key, std::uint64_t& value, Range<std::uint64_t> range,
              std::string_view help, bool in_file = true);
  void decimal(std::string_view key, double& value, Range<double> range, std::string_view help);

  /// --key, or --key=false; true or false in the file and the environment.
  void flag(std::string_view key, bool& value, std::string_view help);

  /// The [[section.name]] entries, which stand in the file only.
  void tables(std::string_view name, std::vector<Table>& values);

  /// Reads file, environment and flags. Returns an exit code if the program should
  /// end now: 0 after --help or --version. Throws Misconfigured.
  std::optional<int> read(int argc, const char* const* argv);

  /// After read(): whether `key` was set anywhere.
  [[nodiscard]] bool given(std::string_view key) const;
  /// After read(): the place of the value, as Located::where; of tables the file that
  /// they stand in or, without one, "--config".
  [[nodiscard]] std::string where(std::string_view key) const;
  /// --check: validate everything, then exit 0.
  [[nodiscard]] bool check_only() const { return check_only_; }
  [[nodiscard]] LogFormat log_format() const { return log_format_; }
  [[nodiscard]] LogLevel log_level() const { return log_level_; }

 private:
  enum class Kind { Single, List, Switch };
  struct Key {
    std::string name;
    Kind kind;
    bool in_file;
    std::string value_name;  // for --help
    std::string help;
    std::function<void(const RawValue&)> set;
    std::string where;
    bool given = false;
  };
  struct Entries {
    std::string name;
    std::vector<Table>* values;
  };

  void add(std::string_view key, Kind kind, std::string_view value_name, std::string help,
           std::function<void(const RawValue&)> set, bool in_file = true);
  [[nodiscard]] const Key& find(std::string_view key) const;
  void refuse_unknown(const RawTable& file) const;
  void read_tables(const RawTable& file) const;

  std::string section_;
  std::string about_;
  std::vector<Key> keys_;
  std::vector<Entries> tables_;
  std::string file_;  // "": none was named
  bool check_only_ = false;
  LogFormat log_format_ = LogFormat::Text;
  LogLevel log_level_ = LogLevel::Info;
};

}  // namespace pullwire
