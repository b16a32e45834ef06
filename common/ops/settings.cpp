#include "common/ops/settings.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "common/ops/command_line.hpp"
#include "common/ops/config_file.hpp"
#include "common/ops/text.hpp"

namespace pullwire {
namespace {

constexpr std::array<std::string_view, 2> kFormats{"text", "json"};
constexpr std::array<std::string_view, 5> kLevels{"trace", "debug", "info", "warn", "error"};

std::string flag_of(std::string_view key) {
  std::string flag = "--" + std::string{key};
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

std::string variable_of(std::string_view key) {
  std::string variable = "PULLWIRE_";
  for (const char c : key) variable += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return variable;
}

RawValue untyped(std::string text, const std::string& where) {
  return {std::move(text), where, {}, true};
}

RawValue list_of(const std::vector<std::string>& texts, const std::string& where) {
  std::vector<RawValue> list;
  for (const std::string& text : texts) list.push_back(untyped(text, where));
  return {std::move(list), where, {}, true};
}

RawValue from_flag(const std::vector<std::string>& texts, bool list, const std::string& where) {
  if (!list) return untyped(texts.back(), where);
  const bool none = texts.size() == 1 && texts.front().empty();
  return list_of(none ? std::vector<std::string>{} : texts, where);
}

RawValue from_environment(const char* text, bool list, const std::string& where) {
  if (!list) return untyped(text, where);
  std::istringstream words{text};
  return list_of({std::istream_iterator<std::string>{words}, {}}, where);
}

const RawValue* find_in(const RawTable& table, std::string_view key) {
  const auto entry = std::find_if(table.begin(), table.end(), [key](const RawEntry& candidate) {
    return candidate.key == key;
  });
  return entry == table.end() ? nullptr : &entry->value;
}

/// The index in `names` of what `raw` says.
std::size_t as_choice(const RawValue& raw, std::span<const std::string_view> names) {
  const Located value = as_text(raw);
  const auto found = std::find(names.begin(), names.end(), value.text);
  if (found == names.end()) {
    throw Misconfigured(raw.where, fmt::format("must be one of {}, not {}", fmt::join(names, ", "),
                                               in_quotes(value.text)));
  }
  return static_cast<std::size_t>(found - names.begin());
}

std::string with_default(std::string_view help, std::string_view shown) {
  return fmt::format("{} [{}]", help, shown);
}

}  // namespace

Settings::Settings(std::string_view section, std::string_view about)
    : section_{section}, about_{about} {
  add(
      "log_format", Kind::Single, "text|json", "Form of the log on standard error [text]",
      [this](const RawValue& raw) {
        log_format_ = static_cast<LogFormat>(as_choice(raw, kFormats));
      },
      false);
  add(
      "log_level", Kind::Single, "LEVEL",
      "Least level that is logged: trace, debug, info, warn or error [info]",
      [this](const RawValue& raw) { log_level_ = static_cast<LogLevel>(as_choice(raw, kLevels)); },
      false);
}

void Settings::text(std::string_view key, Located& value, std::string_view help, bool in_file) {
  value.where = fmt::format("default of {}", key);
  const std::string shown = value.text.empty() ? "none" : value.text;
  add(
      key, Kind::Single, "TEXT", with_default(help, shown),
      [&value](const RawValue& raw) { value = as_text(raw); }, in_file);
}

void Settings::texts(std::string_view key, std::vector<Located>& values, std::string_view help) {
  std::string shown;
  for (Located& value : values) {
    value.where = fmt::format("default of {}", key);
    shown += (shown.empty() ? "" : " ") + value.text;
  }
  add(key, Kind::List, "TEXT",
      with_default(help, (shown.empty() ? "none" : shown) + "; repeatable"),
      [&values](const RawValue& raw) { values = as_texts(raw); });
}

void Settings::number(std::string_view key, std::uint64_t& value, Range<std::uint64_t> range,
                      std::string_view help, bool in_file) {
  add(
      key, Kind::Single, "N", with_default(help, fmt::format("{}", value)),
      [&value, range](const RawValue& raw) { value = as_number(raw, range); }, in_file);
}

void Settings::decimal(std::string_view key, double& value, Range<double> range,
                       std::string_view help) {
  add(key, Kind::Single, "NUMBER", with_default(help, fmt::format("{}", value)),
      [&value, range](const RawValue& raw) { value = as_decimal(raw, range); });
}

void Settings::flag(std::string_view key, bool& value, std::string_view help) {
  add(key, Kind::Switch, "", with_default(help, value ? "true" : "false"),
      [&value](const RawValue& raw) { value = as_flag(raw); });
}

void Settings::tables(std::string_view name, std::vector<Table>& values) {
  tables_.push_back({std::string{name}, &values});
}

void Settings::add(std::string_view key, Kind kind, std::string_view value_name, std::string help,
                   std::function<void(const RawValue&)> set, bool in_file) {
  keys_.push_back({std::string{key}, kind, in_file, std::string{value_name}, std::move(help),
                   std::move(set), fmt::format("default of {}", key)});
}

std::optional<int> Settings::read(int argc, const char* const* argv) {
  std::vector<FlagDescription> flags{
      {"--config", "FILE", "TOML file; of its sections, [" + section_ + "] is read"}};
  for (const Key& key : keys_) flags.push_back({flag_of(key.name), key.value_name, key.help});
  flags.push_back({"--check", "", "Validate the configuration and exit"});

  const CommandLine line = parse_command_line(section_, about_, flags, argc, argv);
  if (line.output) {
    std::fwrite(line.output->data(), 1, line.output->size(), stdout);
    if (std::fflush(stdout) != 0) throw std::runtime_error("cannot write to standard output");
    return 0;
  }
  if (const auto check = line.values.find("--check"); check != line.values.end()) {
    check_only_ = as_flag(from_flag(check->second, false, "--check"));
  }

  RawTable file;
  if (const auto config = line.values.find("--config"); config != line.values.end()) {
    const Located name = as_text(from_flag(config->second, false, "--config"));
    if (name.text.empty()) throw Misconfigured("--config", "needs the name of a file");
    file_ = name.path().string();
    file = read_config_file(name.path(), section_);
    refuse_unknown(file);
  }

  for (Key& key : keys_) {
    const bool list = key.kind == Kind::List;
    const std::string variable = variable_of(key.name);
    const RawValue* in_file = find_in(file, key.name);
    const auto set = [&key](const RawValue& raw) {
      key.set(raw);
      key.where = raw.where;
      key.given = true;
    };
    // A value that loses is still checked: a mistake in the file does not hide behind a flag.
    if (in_file != nullptr) set(*in_file);
    if (const char* text = std::getenv(variable.c_str())) {
      set(from_environment(text, list, variable));
    }
    const std::string flag = flag_of(key.name);
    if (const auto given = line.values.find(flag); given != line.values.end()) {
      set(from_flag(given->second, list, flag));
    }
  }
  read_tables(file);
  return std::nullopt;
}

void Settings::refuse_unknown(const RawTable& file) const {
  std::vector<std::string> known;
  for (const Key& key : keys_) {
    if (key.in_file) known.push_back(key.name);
  }
  for (const Entries& entries : tables_) known.push_back(entries.name);
  for (const RawEntry& entry : file) {
    if (std::find(known.begin(), known.end(), entry.key) == known.end()) {
      throw Misconfigured(entry.value.where, "unknown key" + did_you_mean(entry.key, known));
    }
  }
}

void Settings::read_tables(const RawTable& file) const {
  for (const Entries& entries : tables_) {
    const RawValue* raw = find_in(file, entries.name);
    if (raw == nullptr) continue;
    const auto* list = std::get_if<std::vector<RawValue>>(&raw->value);
    const auto is_table = [](const RawValue& entry) {
      return std::holds_alternative<RawTable>(entry.value);
    };
    if (list == nullptr || !std::all_of(list->begin(), list->end(), is_table)) {
      throw Misconfigured(raw->where,
                          fmt::format("must be [[{}.{}]] entries", section_, entries.name));
    }
    for (const RawValue& entry : *list) entries.values->emplace_back(entry, file_);
  }
}

const Settings::Key& Settings::find(std::string_view key) const {
  const auto found = std::find_if(keys_.begin(), keys_.end(),
                                  [key](const Key& candidate) { return candidate.name == key; });
  if (found == keys_.end()) throw std::logic_error(fmt::format("no key {}", key));
  return *found;
}

bool Settings::given(std::string_view key) const {
  return find(key).given;
}

std::string Settings::where(std::string_view key) const {
  for (const Entries& entries : tables_) {
    if (entries.name != key) continue;
    return file_.empty() ? "--config" : fmt::format("{}: [{}] {}", file_, section_, key);
  }
  return find(key).where;
}

}  // namespace pullwire
