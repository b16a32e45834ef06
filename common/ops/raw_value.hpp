// A configured value as it was written, before a key says what it must be.
//
// Pure and thread-safe. Every function throws Misconfigured for what doesn't fit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "common/ops/located.hpp"

namespace pullwire {

inline constexpr std::size_t kMaxValueBytes = 64 * 1024;
inline constexpr std::size_t kMaxListEntries = 10'000;

/// Both ends are allowed.
template <class T>
struct Range {
  T min;
  T max;
};

struct RawEntry;
using RawTable = std::vector<RawEntry>;

struct RawValue {
  /// TOML's dates and times, which no key takes.
  struct Date {};

  std::variant<std::string, std::int64_t, double, bool, std::vector<RawValue>, RawTable, Date>
      value;
  std::string where;           ///< as in Located
  std::filesystem::path base;  ///< as in Located
  bool untyped = false;        ///< text that may mean a number: a flag, the environment, ${NAME}
};

struct RawEntry {
  std::string key;
  RawValue value;
};

Located as_text(const RawValue& raw);
std::vector<Located> as_texts(const RawValue& raw);
std::uint64_t as_number(const RawValue& raw, Range<std::uint64_t> range);
double as_decimal(const RawValue& raw, Range<double> range);
bool as_flag(const RawValue& raw);

}  // namespace pullwire
