// From the configuration's `database` to a store.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string_view>
#include <variant>

#include "reporter/store/sqlite.hpp"
#include "reporter/store/store.hpp"

namespace pullwire::reporter {

struct SqliteUri {
  std::filesystem::path path;
};
struct NoneUri {
  std::chrono::nanoseconds commit_time{0};
};
using StoreUri = std::variant<SqliteUri, NoneUri>;

/// Reads `sqlite:PATH` (as it stands, no %-escapes; relative to `base`) or
/// `none:?commit_ms=C` (0 to 60000, decimals allowed). Touches no file. Throws
/// std::invalid_argument for anything else, naming what there is.
StoreUri parse_store_uri(std::string_view uri, const std::filesystem::path& base);

/// Throws std::runtime_error if the database cannot be had (sqlite.hpp).
std::unique_ptr<Store> make_store(const StoreUri& uri, PostDecoder decode);

}  // namespace pullwire::reporter
