#include "ingestor/sources/make_source.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "ingestor/sources/simulated.hpp"

namespace pullwire::ingestor {
namespace {

constexpr std::size_t kLongestName = 64;

bool take(std::string_view& text, std::string_view front) {
  if (!text.starts_with(front)) return false;
  text.remove_prefix(front.size());
  return true;
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '/' || c == '-';
}

/// NAME of NAME=KIND:…, or "" where there is none: an = behind the kind is no name's.
std::string take_name(std::string_view& uri) {
  const std::size_t equals = uri.find('=');
  if (equals == std::string_view::npos || uri.find(':') < equals) return "";
  const std::string name{uri.substr(0, equals)};
  if (name.empty() || name.size() > kLongestName ||
      !std::all_of(name.begin(), name.end(), is_name_character)) {
    throw std::invalid_argument{
        "the name of a source has 1 to 64 letters, digits, '_', '.', "
        "'/' and '-'"};
  }
  uri.remove_prefix(equals + 1);
  return name;
}

}  // namespace

std::unique_ptr<Source> make_source(std::string_view uri, const SourceContext& context) {
  std::string_view rest = uri;
  std::string name = take_name(rest);
  if (take(rest, "simulated:")) {
    if (!rest.empty() && !take(rest, "?")) {
      throw std::invalid_argument{"only options may follow simulated:, as in simulated:?rate=10"};
    }
    if (name.empty()) name = "simulated";
    return std::make_unique<SimulatedSource>(std::move(name), SimulatedSource::parse(rest),
                                             context.hashtags);
  }
  throw std::invalid_argument{std::string{uri} +
                              ": unknown kind of source; there are file: and simulated:"};
}

}  // namespace pullwire::ingestor
