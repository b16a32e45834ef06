#include "common/ops/raw_value.hpp"

#include <charconv>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "common/ops/text.hpp"

namespace pullwire {
namespace {

/// "must be a string, not 5": how the value looks to whoever wrote it.
std::string described(const RawValue& raw) {
  struct Describe {
    bool untyped;
    std::string operator()(const std::string& text) const {
      return (untyped ? "" : "the string ") + in_quotes(text);
    }
    std::string operator()(std::int64_t number) const { return fmt::format("{}", number); }
    std::string operator()(double number) const { return fmt::format("{}", number); }
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(const std::vector<RawValue>&) const { return "a list"; }
    std::string operator()(const RawTable&) const { return "a table"; }
    std::string operator()(RawValue::Date) const { return "a date or time"; }
  };
  return std::visit(Describe{raw.untyped}, raw.value);
}

[[noreturn]] void refuse(const RawValue& raw, std::string_view expected) {
  throw Misconfigured(raw.where, fmt::format("must be {}, not {}", expected, described(raw)));
}

/// The text of a value that stands for a number or a flag: all of it must be one.
const std::string* untyped_text(const RawValue& raw) {
  return raw.untyped ? std::get_if<std::string>(&raw.value) : nullptr;
}

template <class T>
std::optional<T> parsed(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <class T>
std::string range_text(std::string_view noun, Range<T> range) {
  return fmt::format("{} from {} to {}", noun, range.min, range.max);
}

}  // namespace

Misconfigured::Misconfigured(std::string_view where, std::string_view why)
    : std::runtime_error(escaped(where) + ": " + escaped(why)) {}

Located as_text(const RawValue& raw) {
  const auto* text = std::get_if<std::string>(&raw.value);
  if (text == nullptr) refuse(raw, "a string");
  if (text->size() > kMaxValueBytes) {
    throw Misconfigured(raw.where, fmt::format("longer than {} bytes", kMaxValueBytes));
  }
  if (!is_utf8(*text)) throw Misconfigured(raw.where, "not UTF-8");
  if (text->find('\0') != std::string::npos) throw Misconfigured(raw.where, "holds a NUL");
  return {*text, raw.base, raw.where};
}

std::vector<Located> as_texts(const RawValue& raw) {
  const auto* list = std::get_if<std::vector<RawValue>>(&raw.value);
  if (list == nullptr) refuse(raw, "a list of strings");
  if (list->size() > kMaxListEntries) {
    throw Misconfigured(raw.where, fmt::format("more than {} entries", kMaxListEntries));
  }
  std::vector<Located> values;
  values.reserve(list->size());
  for (const RawValue& entry : *list) values.push_back(as_text(entry));
  return values;
}

std::uint64_t as_number(const RawValue& raw, Range<std::uint64_t> range) {
  std::optional<std::uint64_t> number;
  if (const auto* text = untyped_text(raw)) {
    number = parsed<std::uint64_t>(*text);
  } else if (const auto* integer = std::get_if<std::int64_t>(&raw.value)) {
    if (*integer >= 0) number = static_cast<std::uint64_t>(*integer);
  }
  if (!number || *number < range.min || *number > range.max) {
    refuse(raw, range_text("a whole number", range));
  }
  return *number;
}

double as_decimal(const RawValue& raw, Range<double> range) {
  std::optional<double> number;
  if (const auto* text = untyped_text(raw)) {
    number = parsed<double>(*text);
  } else if (const auto* decimal = std::get_if<double>(&raw.value)) {
    number = *decimal;
  } else if (const auto* integer = std::get_if<std::int64_t>(&raw.value)) {
    number = static_cast<double>(*integer);
  }
  // Written so that NaN is refused.
  if (!number || !(*number >= range.min && *number <= range.max)) {
    refuse(raw, range_text("a number", range));
  }
  return *number;
}

bool as_flag(const RawValue& raw) {
  if (const auto* flag = std::get_if<bool>(&raw.value)) return *flag;
  if (const auto* text = untyped_text(raw)) {
    if (*text == "true") return true;
    if (*text == "false") return false;
  }
  refuse(raw, "true or false");
}

}  // namespace pullwire
