#include <stdexcept>

#include "common/ops/http_settings.hpp"
#include "republisher/platforms/bluesky.hpp"

namespace pullwire::republisher {

BlueskyOptions read_bluesky(Table& table, const std::string& name, const Url& url) {
  if (url.path != "/" || !url.query.empty()) {
    throw std::invalid_argument{"the server of an account is HOST or HOST:PORT alone"};
  }
  const Login login = read_login(table);
  if (login.empty()) {
    throw Misconfigured{table.where(), "username and password (an app password) are needed"};
  }
  BlueskyOptions options{.account = {.service = url.scheme + "://" + url.authority(),
                                     .username = login.username,
                                     .password = login.password},
                         .target = name};
  if (const auto pattern = table.optional_text("template")) {
    try {
      check_pattern(pattern->text);
    } catch (const std::invalid_argument& error) {
      throw Misconfigured{pattern->where, error.what()};
    }
    options.pattern = pattern->text;
  }
  return options;
}

}  // namespace pullwire::republisher
