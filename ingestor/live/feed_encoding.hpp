// The names of encodings. Pure; from any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pullwire::ingestor {

constexpr std::string_view kUtf8Name = "UTF-8";
constexpr std::string_view kWindows1252Name = "windows-1252";

struct FeedEncoding {
  std::string name;        ///< iconv's
  bool two_bytes = false;  ///< a character may take two bytes of which both look like another's
};

/// As the web reads these names (encoding.spec.whatwg.org): the one asked for, or what is
/// commonly written under its name. Nothing for a name that is not known, so that none is
/// passed on to iconv that is not listed here.
std::optional<FeedEncoding> feed_encoding(std::string_view label);

}  // namespace pullwire::ingestor
