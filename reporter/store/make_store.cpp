#include "reporter/store/make_store.hpp"

#include <charconv>
#include <stdexcept>
#include <string>
#include <system_error>

#include "reporter/store/none.hpp"

namespace pullwire::reporter {
namespace {

constexpr double kMaxCommitMs = 60'000;

[[noreturn]] void refuse(std::string_view uri, std::string_view why) {
  throw std::invalid_argument("\"" + std::string{uri} + "\" " + std::string{why});
}

bool take(std::string_view& text, std::string_view front) {
  if (!text.starts_with(front)) return false;
  text.remove_prefix(front.size());
  return true;
}

NoneUri parse_none(std::string_view uri, std::string_view rest) {
  if (rest.empty()) return {};
  if (!take(rest, "?commit_ms=")) refuse(uri, "is not understood: none: or none:?commit_ms=C");
  double commit_ms = 0;
  const auto [end, error] =
      std::from_chars(rest.begin(), rest.end(), commit_ms, std::chars_format::fixed);
  // Written so that a NaN is refused too.
  if (error != std::errc{} || end != rest.end() || !(commit_ms >= 0 && commit_ms <= kMaxCommitMs)) {
    refuse(uri, "has no number of milliseconds from 0 to 60000 as commit_ms");
  }
  return {std::chrono::round<std::chrono::nanoseconds>(
      std::chrono::duration<double, std::milli>{commit_ms})};
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
