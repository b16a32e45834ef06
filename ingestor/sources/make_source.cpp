#include "ingestor/sources/make_source.hpp"

#include <algorithm>
#include <stdexcept>

#include "ingestor/sources/file.hpp"
#include "ingestor/sources/simulated.hpp"
#include "ingestor/sources/standard_input.hpp"

namespace pullwire::ingestor {
namespace {

constexpr std::size_t kMaxName = 64;

bool is_name(std::string_view name) {
  constexpr std::string_view kSigns = "_./-";
  return !name.empty() && name.size() <= kMaxName &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  kSigns.find(c) != std::string_view::npos;
         });
}

[[noreturn]] void refuse(std::string_view uri, const std::string& why) {
  throw std::invalid_argument{"source '" + std::string{uri} + "': " + why};
}

}  // namespace

std::unique_ptr<Source> make_source(std::string_view uri, const SourceContext& context) {
  constexpr const char* kKinds = "there are file:PATH, file:- and simulated:?OPTIONS";
  const std::size_t colon = uri.find(':');
  if (colon == std::string_view::npos) refuse(uri, std::string{"no kind; "} + kKinds);
  const std::string_view head = uri.substr(0, colon);
  const std::string_view rest = uri.substr(colon + 1);
  const std::size_t equals = head.find('=');
  const bool named = equals != std::string_view::npos;
  const std::string_view kind = named ? head.substr(equals + 1) : head;
  const std::string name{named ? head.substr(0, equals) : kind};
  if (named && !is_name(name)) {
    refuse(uri, "a name has 1 to 64 letters, digits, _, ., / and -");
  }
  if (kind == "file") {
    if (rest.empty()) refuse(uri, "no path");
    if (rest == "-") return make_standard_input(name);
    return make_file_source(name, context.base / rest, context.follow);
  }
  if (kind == "simulated") {
    try {
      return make_simulated_source(name, parse_simulated_options(rest), context.hashtags);
    } catch (const std::invalid_argument& error) {
      refuse(uri, error.what());
    }
  }
  refuse(uri, "unknown kind '" + std::string{kind} + "': " + kKinds);
}

}  // namespace pullwire::ingestor
