#include "reporter/store/make_store.hpp"

#include <stdexcept>
#include <string>

#include "common/ops/query.hpp"
#include "reporter/store/none.hpp"

namespace pullwire::reporter {
namespace {

constexpr std::chrono::seconds kMaxCommit{60};

[[noreturn]] void refuse(std::string_view uri, std::string_view why) {
  throw std::invalid_argument("\"" + std::string{uri} + "\" " + std::string{why});
}

bool take(std::string_view& text, std::string_view front) {
  if (!text.starts_with(front)) return false;
  text.remove_prefix(front.size());
  return true;
}

NoneUri parse_none(std::string_view uri, std::string_view rest) {
  NoneUri none;
  try {
    for (const auto& [name, value] : parse_query(rest)) {
      if (name != "commit_ms") unknown_option(name, "commit_ms");
      none.commit_time = query_milliseconds(name, value, kMaxCommit);
    }
  } catch (const std::invalid_argument& error) {
    refuse(uri, std::string{"is not understood: "} + error.what());
  }
  return none;
}

}  // namespace

StoreUri parse_store_uri(std::string_view uri, const std::filesystem::path& base) {
  std::string_view rest = uri;
  if (take(rest, "sqlite:")) {
    if (rest.empty()) refuse(uri, "names no file: sqlite:PATH");
    if (rest.find('\0') != rest.npos) refuse(uri, "has a zero byte in its path");
    return SqliteUri{base / rest};
  }
  if (take(rest, "none:")) return parse_none(uri, rest);
  refuse(uri, "is no database: there are sqlite:PATH and none:?commit_ms=C");
}

std::unique_ptr<Store> make_store(const StoreUri& uri, PostDecoder decode) {
  if (const auto* sqlite = std::get_if<SqliteUri>(&uri)) {
    return make_sqlite_store(sqlite->path, decode);
  }
  return std::make_unique<NoneStore>(std::get<NoneUri>(uri).commit_time);
}

}  // namespace pullwire::reporter
