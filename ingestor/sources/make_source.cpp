#include "ingestor/sources/make_source.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "common/ops/query.hpp"
#include "ingestor/sources/file.hpp"
#include "ingestor/sources/replay.hpp"
#include "ingestor/sources/simulated.hpp"
#include "ingestor/sources/standard_input.hpp"

namespace pullwire::ingestor {
namespace {

constexpr std::size_t kMaxName = 64;

/// Without what may be a secret: of an address the query, and who asks.
[[noreturn]] void refuse(std::string_view uri, const std::string& why) {
  const bool address = uri.find("://") != std::string_view::npos;
  std::string shown{address ? uri.substr(0, uri.find('?')) : uri};
  const std::size_t begin = shown.find("//");
  const std::size_t at = shown.rfind('@');
  if (address && begin != std::string::npos && at != std::string::npos && at > begin) {
    shown.replace(begin + 2, at - begin - 2, "…");
  }
  throw std::invalid_argument{"source '" + shown + "': " + why};
}

/// NAME=KIND:REST, taken apart.
struct Parts {
  std::string_view name;  // empty: none was given
  std::string_view kind;
  std::string_view rest;
};

std::optional<Parts> taken_apart(std::string_view uri) {
  const std::size_t colon = uri.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view head = uri.substr(0, colon);
  const std::size_t equals = head.find('=');
  if (equals == std::string_view::npos) return Parts{{}, head, uri.substr(colon + 1)};
  if (!is_source_name(head.substr(0, equals))) {
    refuse(uri, "a name has 1 to 64 letters, digits, _, ., / and -");
  }
  return Parts{head.substr(0, equals), head.substr(equals + 1), uri.substr(colon + 1)};
}

/// DATABASE?OPTIONS; DATABASE may be written as the reporter has it, sqlite:PATH.
std::unique_ptr<Source> make_replay(const std::string& name, std::string_view rest,
                                    const SourceContext& context) {
  constexpr std::string_view kSqlite = "sqlite:";
  if (rest.starts_with(kSqlite)) rest.remove_prefix(kSqlite.size());
  const std::string_view path = rest.substr(0, rest.find('?'));
  if (path.empty()) throw std::invalid_argument{"no path of the reporter's database"};
  if (path.find('\0') != path.npos) throw std::invalid_argument{"a zero byte in the path"};
  ReplayOptions options = context.replay;
  for (const auto& [key, value] : parse_query(rest.substr(path.size()))) options.set(key, value);
  return make_replay_source(name, context.base / path, std::move(options), context.follow);
}

}  // namespace

bool is_source_name(std::string_view name) {
  constexpr std::string_view kSigns = "_./-";
  return !name.empty() && name.size() <= kMaxName &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  kSigns.find(c) != std::string_view::npos;
         });
}

std::string_view kind_of(std::string_view uri) {
  const std::string_view head = uri.substr(0, uri.find(':'));
  return head.size() == uri.size() ? std::string_view{} : head.substr(head.find('=') + 1);
}

std::unique_ptr<Source> make_source(std::string_view uri, const SourceContext& context) {
  constexpr const char* kKinds =
      "there are file:PATH, file:-, simulated:?OPTIONS, replay:DATABASE, and x, mastodon, bluesky "
      "and feed with "
      "+https://HOST";
  const auto parts = taken_apart(uri);
  if (!parts) refuse(uri, std::string{"no kind; "} + kKinds);
  const auto& [given, kind, rest] = *parts;
  const std::string name{given.empty() ? kind : given};
  if (kind == "file") {
    if (rest.empty()) refuse(uri, "no path");
    if (rest == "-") return make_standard_input(name);
    return make_file_source(name, context.base / rest, context.follow);
  }
  try {
    if (kind == "simulated") {
      return make_simulated_source(name, parse_simulated_options(rest), context.hashtags);
    }
    if (kind == "replay") return make_replay(name, rest, context);
    if (is_live(kind)) {
      const WebService target = parse_web_service(kind, rest);
      return make_live(given.empty() ? live_name(target) : name, target, context.live,
                       context.rules, context.hashtags, context.outside());
    }
  } catch (const std::invalid_argument& error) {
    refuse(uri, error.what());
  }
  refuse(uri, "unknown kind '" + std::string{kind} + "': " + kKinds);
}

}  // namespace pullwire::ingestor
