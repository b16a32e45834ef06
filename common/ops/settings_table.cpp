// Table of settings.hpp.
#include <utility>

#include <fmt/format.h>

#include "common/ops/settings.hpp"
#include "common/ops/text.hpp"

namespace pullwire {

Table::Table(RawValue entry) : entry_{std::move(entry)} {}

const RawValue* Table::find(std::string_view key) {
  asked_.emplace(key);
  for (const RawEntry& entry : std::get<RawTable>(entry_.value)) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

Located Table::text(std::string_view key) {
  const RawValue* raw = find(key);
  if (raw == nullptr) throw Misconfigured(where(), fmt::format("{} is missing", key));
  return as_text(*raw);
}

std::optional<Located> Table::optional_text(std::string_view key) {
  const RawValue* raw = find(key);
  if (raw == nullptr) return std::nullopt;
  return as_text(*raw);
}

std::vector<Located> Table::texts(std::string_view key) {
  const RawValue* raw = find(key);
  if (raw == nullptr) return {};
  return as_texts(*raw);
}

void Table::refuse_others() const {
  for (const RawEntry& entry : std::get<RawTable>(entry_.value)) {
    if (asked_.contains(entry.key)) continue;
    const std::vector<std::string> known(asked_.begin(), asked_.end());
    throw Misconfigured(entry.value.where, "unknown key" + did_you_mean(entry.key, known));
  }
}

}  // namespace pullwire
