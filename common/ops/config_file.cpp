#include "common/ops/config_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <toml++/toml.h>
#include <unistd.h>

#include "common/ops/text.hpp"

namespace pullwire {
namespace {

constexpr std::size_t kMaxShownKey = 100;
const std::array<std::string, 3> kSections{"ingestor", "republisher", "reporter"};

std::string read_bounded(const std::filesystem::path& file) {
  const auto fail = [&] {
    throw Misconfigured(file.string(), fmt::format("cannot read: {}", std::strerror(errno)));
  };
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail();
  struct Closer {
    int descriptor;
    ~Closer() { ::close(descriptor); }
  } const closer{descriptor};

  // Until its end rather than its size, so that a pipe serves too.
  std::string content(kMaxConfigBytes + 1, '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t count = ::read(descriptor, content.data() + size, content.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail();
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  if (size > kMaxConfigBytes) {
    throw Misconfigured(file.string(), fmt::format("larger than {} bytes", kMaxConfigBytes));
  }
  content.resize(size);
  return content;
}

void require_utf8(const std::filesystem::path& file, std::string_view content) {
  for (std::size_t line = 1; !content.empty(); ++line) {
    const std::string_view text = content.substr(0, content.find('\n'));
    if (!is_utf8(text)) throw Misconfigured(fmt::format("{}:{}", file.string(), line), "not UTF-8");
    content.remove_prefix(std::min(text.size() + 1, content.size()));
  }
}

toml::table parse(const std::filesystem::path& file) {
  const std::string content = read_bounded(file);
  require_utf8(file, content);
  try {
    return toml::parse(content);
  } catch (const toml::parse_error& error) {
    const auto& at = error.source().begin;
    throw Misconfigured(fmt::format("{}:{}:{}", file.string(), at.line, at.column),
                        error.description());
  }
}

bool is_name_letter(char c, bool first) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         (!first && c >= '0' && c <= '9');
}

/// NAME, if `text` starts with ${NAME}.
std::string_view name_at(std::string_view text) {
  if (text.substr(0, 2) != "${") return {};
  std::size_t end = 2;
  while (end < text.size() && is_name_letter(text[end], end == 2)) ++end;
  if (end == 2 || end == text.size() || text[end] != '}') return {};
  return text.substr(2, end - 2);
}

RawValue expanded(std::string_view text, std::string where, std::filesystem::path base) {
  std::string result;
  bool from_environment = false;
  while (!text.empty()) {
    const std::string_view name = name_at(text);
    if (name.empty()) {
      result += text.front();
      text.remove_prefix(1);
      continue;
    }
    const std::string variable{name};
    const char* value = std::getenv(variable.c_str());
    if (value == nullptr) {
      throw Misconfigured(where, fmt::format("${{{}}} is not in the environment",
                                             shortened(variable, kMaxShownKey)));
    }
    result += value;
    if (result.size() > kMaxValueBytes) {
      throw Misconfigured(where, fmt::format("longer than {} bytes", kMaxValueBytes));
    }
    from_environment = true;
    text.remove_prefix(name.size() + 3);
  }
  return {std::move(result), std::move(where), std::move(base), from_environment};
}

/// Turns the library's nodes into values that know their place.
class Reader {
 public:
  Reader(const std::filesystem::path& file, std::string_view section)
      : file_{file.string()}, base_{file.parent_path()}, section_{section} {}

  std::string place(std::size_t line) const { return fmt::format("{}:{}", file_, line); }

  RawTable section(const toml::table& table) const {
    return entries(table, fmt::format("[{}]", section_));
  }

 private:
  /// The entries of a table, each called `title` and its key.
  RawTable entries(const toml::table& table, const std::string& title) const {
    std::vector<const toml::key*> keys;
    for (auto&& [key, node] : table) keys.push_back(&key);
    std::stable_sort(keys.begin(), keys.end(), [](const toml::key* a, const toml::key* b) {
      return a->source().begin.line < b->source().begin.line;
    });
    RawTable result;
    for (const toml::key* key : keys) {
      const std::string name{key->str()};
      const std::string label = title + " " + shortened(name, kMaxShownKey);
      result.push_back({name, value(table.at(name), key->source().begin.line, label, name)});
    }
    return result;
  }

  RawValue value(const toml::node& node, std::size_t line, const std::string& label,
                 const std::string& key) const {
    std::string where = place(line) + ": " + label;
    if (const auto* text = node.as_string()) return expanded(text->get(), where, base_);
    if (const auto* number = node.as_integer()) return {number->get(), where, base_};
    if (const auto* decimal = node.as_floating_point()) return {decimal->get(), where, base_};
    if (const auto* flag = node.as_boolean()) return {flag->get(), where, base_};
    if (const auto* array = node.as_array()) {
      // Checked here too, before every entry gets a copy of its place.
      if (array->size() > kMaxListEntries) {
        throw Misconfigured(where, fmt::format("more than {} entries", kMaxListEntries));
      }
      std::vector<RawValue> list;
      for (const toml::node& entry : *array) list.push_back(element(entry, label, key));
      return {std::move(list), where, base_};
    }
    if (const auto* table = node.as_table()) return {entries(*table, label), where, base_};
    return {RawValue::Date{}, where, base_};
  }

  RawValue element(const toml::node& node, const std::string& label, const std::string& key) const {
    const std::size_t line = node.source().begin.line;
    const auto* table = node.as_table();
    if (table == nullptr) return value(node, line, label, key);
    const std::string title = fmt::format("[[{}.{}]]", section_, shortened(key, kMaxShownKey));
    return {entries(*table, title), place(line) + ": " + title, base_};
  }

  std::string file_;
  std::filesystem::path base_;
  std::string section_;
};

}  // namespace

RawTable read_config_file(const std::filesystem::path& file, std::string_view section) {
  const toml::table document = parse(file);
  const Reader reader{file, section};
  const toml::table* own = nullptr;
  for (auto&& [key, node] : document) {
    const std::string name = shortened(key.str(), kMaxShownKey);
    const std::string place = reader.place(key.source().begin.line);
    const bool known = std::find(kSections.begin(), kSections.end(), key.str()) != kSections.end();
    if (!known && !node.is_table() && !node.is_array_of_tables()) {
      throw Misconfigured(fmt::format("{}: {}", place, name),
                          "unknown key: keys stand in [ingestor], [republisher] or [reporter]");
    }
    if (!known) {
      throw Misconfigured(fmt::format("{}: [{}]", place, name),
                          "unknown section" + did_you_mean(name, kSections));
    }
    if (!node.is_table()) {
      throw Misconfigured(fmt::format("{}: {}", place, name),
                          fmt::format("must be the section [{}]", name));
    }
    if (name == section) own = node.as_table();
  }
  return own == nullptr ? RawTable{} : reader.section(*own);
}

}  // namespace pullwire
