#include "common/ops/http_settings.hpp"

#include <cmath>
#include <stdexcept>

#include <sodium.h>

#include "common/ops/loopback.hpp"

namespace pullwire {
namespace {

constexpr Range<double> kSeconds{0.01, 600};

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds{std::llround(seconds * 1000)};
}

}  // namespace

HttpLimits read_http_limits(Table& table) {
  HttpLimits limits;
  double connect = 10;
  double total = 30;
  table.decimal("connect_timeout", connect, kSeconds);
  table.decimal("timeout", total, kSeconds);
  limits.connect = milliseconds(connect);
  limits.total = milliseconds(total);
  if (const auto authority = table.optional_text("ca_file")) {
    limits.authority = authority->path();
    if (!std::filesystem::is_regular_file(limits.authority)) {
      throw Misconfigured(authority->where,
                          limits.authority.string() + " is no file of certificates");
    }
  }
  return limits;
}

Login read_login(Table& table) {
  Login login;
  if (const auto username = table.optional_text("username")) login.username = username->text;
  login.password = table.secret("password");
  if (login.username.empty() != login.password.empty()) {
    throw Misconfigured(table.where(), "username and password go together");
  }
  return login;
}

std::string basic_authorization(const Login& login) {
  constexpr int kVariant = sodium_base64_VARIANT_ORIGINAL;
  const std::string pair = login.username + ':' + login.password;
  std::string encoded(sodium_base64_encoded_len(pair.size(), kVariant), '\0');
  sodium_bin2base64(encoded.data(), encoded.size(),
                    reinterpret_cast<const unsigned char*>(pair.data()), pair.size(), kVariant);
  encoded.pop_back();  // the terminating zero
  return "Basic " + encoded;
}

bool is_web_service(std::string_view scheme, std::string_view kind) {
  if (!scheme.starts_with(kind)) return false;
  const std::string_view rest = scheme.substr(kind.size());
  return rest == "+https" || rest == "+http";
}

WebService parse_web_service(std::string_view scheme, std::string_view rest) {
  const std::size_t plus = scheme.find('+');
  WebService service{
      .kind = std::string{scheme.substr(0, plus)},
      .url = parse_url(std::string{scheme.substr(plus + 1)} + ':' + std::string{rest})};
  if (service.url.scheme == "http" && !loopback_address(service.url.host)) {
    throw std::invalid_argument{service.kind + "+http reaches this machine only: use " +
                                service.kind + "+https"};
  }
  return service;
}

}  // namespace pullwire
