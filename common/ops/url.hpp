// URLs of the outside world. Pure; from any thread.
#pragma once

#include <string>
#include <string_view>

namespace pullwire {

/// The parts of an http or https URL, as sent: path and query stay escaped.
struct Url {
  std::string scheme;  ///< "http" or "https"
  std::string host;    ///< lower case; an IPv6 address in brackets
  std::string port;    ///< "" if it was not written
  std::string path;    ///< "/" or more
  std::string query;   ///< without ?

  /// HOST or HOST:PORT.
  [[nodiscard]] std::string authority() const;
  /// Without the query, which may hold a secret: for errors and logs.
  [[nodiscard]] std::string shown() const;
};

/// Throws std::invalid_argument, one line that says why, for anything but a URL of http or
/// https of at most 4 KiB. A user or a password in it is refused: they would be shown.
Url parse_url(std::string_view text);

/// For the value of a query's parameter, or a segment of a path.
std::string percent_encoded(std::string_view text);

/// The value of a parameter of `query`, decoded; "" if it is not there.
std::string query_parameter(std::string_view query, std::string_view name);

}  // namespace pullwire
