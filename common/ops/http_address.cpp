// HttpAddress of http_server.hpp.
#include <charconv>

#include <arpa/inet.h>

#include "common/ops/http_server.hpp"
#include "common/ops/loopback.hpp"
#include "common/ops/text.hpp"

namespace pullwire {

std::optional<std::string> loopback_address(std::string_view host) {
  std::string lower{host};
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (lower == "localhost") return "127.0.0.1";
  in_addr four{};
  if (::inet_pton(AF_INET, lower.c_str(), &four) == 1) {
    if ((ntohl(four.s_addr) >> 24) == IN_LOOPBACKNET) return lower;
    return std::nullopt;
  }
  in6_addr six{};
  if (lower.starts_with('[') && lower.ends_with(']') &&
      ::inet_pton(AF_INET6, lower.substr(1, lower.size() - 2).c_str(), &six) == 1 &&
      IN6_IS_ADDR_LOOPBACK(&six)) {
    return "::1";
  }
  return std::nullopt;
}

std::string HttpAddress::text() const {
  const bool six = host.find(':') != std::string::npos;
  return (six ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

HttpAddress parse_http_address(const Located& address) {
  const std::string_view text = address.text;
  const std::size_t colon = text.rfind(':');
  std::uint16_t port = 0;
  bool valid = colon != std::string_view::npos && colon > 0;
  if (valid) {
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, port);
    valid = error == std::errc{} && stop == end;
  }
  const std::string_view host = text.substr(0, colon);
  // A bare ::1:9471 could be a longer address.
  if (!valid || (host.find(':') != std::string_view::npos && !host.starts_with('['))) {
    throw Misconfigured(address.where,
                        "must be an address like 127.0.0.1:9471, not " + in_quotes(text));
  }
  const auto loopback = loopback_address(host);
  if (!loopback) {
    throw Misconfigured(
        address.where,
        in_quotes(text) +
            " is beyond loopback, which needs keys, which this version does not have");
  }
  return {*loopback, port};
}

}  // namespace pullwire
