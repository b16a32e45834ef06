#include "republisher/platforms/platform_options.hpp"

#include <algorithm>
#include <initializer_list>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "common/ops/http_settings.hpp"
#include "common/ops/text.hpp"
#include "republisher/platforms/bluesky.hpp"
#include "republisher/platforms/mastodon.hpp"
#include "republisher/platforms/webdav.hpp"
#include "republisher/platforms/webhook.hpp"
#include "republisher/platforms/wordpress.hpp"

namespace pullwire::republisher {
namespace {

void read_template(Table& table, std::string& pattern) {
  const auto given = table.optional_text("template");
  if (!given) return;
  try {
    check_pattern(given->text);
  } catch (const std::invalid_argument& error) {
    throw Misconfigured{given->where, error.what()};
  }
  pattern = given->text;
}

void read_choice(Table& table, std::string_view key,
                 std::initializer_list<std::string_view> choices, std::string& value) {
  const auto given = table.optional_text(key);
  if (!given) return;
  if (std::find(choices.begin(), choices.end(), given->text) == choices.end()) {
    std::string all;
    for (const std::string_view choice : choices) all.append(all.empty() ? "" : ", ") += choice;
    throw Misconfigured{given->where, "must be one of " + all + ", not " + in_quotes(given->text)};
  }
  value = given->text;
}

/// A login that a target cannot do without.
Login needed_login(Table& table, const char* password) {
  Login login = read_login(table);
  if (login.empty()) {
    throw Misconfigured{table.where(),
                        std::string{"username and password ("} + password + ") are needed"};
  }
  return login;
}

void refuse_query(const Url& url, const char* what) {
  if (!url.query.empty()) throw std::invalid_argument{std::string{what} + "'s address has no ?"};
}

/// A query, and what stands in it, as a receiver may repeat it: what is too short is no secret.
std::vector<std::string> secrets_in(const std::string& query) {
  constexpr std::size_t kLeast = 6;
  std::vector<std::string> secrets{query};
  for (std::string_view rest = query; !rest.empty();) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    const std::string_view name = pair.substr(0, equals);
    const std::string_view value =
        equals == std::string_view::npos ? name : pair.substr(equals + 1);
    for (std::string one : {std::string{value}, query_parameter(pair, name)}) {
      if (one.size() >= kLeast) secrets.push_back(std::move(one));
    }
  }
  return secrets;
}

bool has_format(const Formats& formats, std::string_view name) {
  return std::any_of(formats.begin(), formats.end(),
                     [&](const Format* format) { return format->name == name; });
}

}  // namespace

MakePublisher read_bluesky(Table& table, const std::string& name, const Url& url,
                           const Formats& /*formats*/) {
  if (url.path != "/" || !url.query.empty()) {
    throw std::invalid_argument{"the server of an account is HOST or HOST:PORT alone"};
  }
  const Login login = needed_login(table, "an app password");
  BlueskyOptions options{.account = {.service = url.scheme + "://" + url.authority(),
                                     .username = login.username,
                                     .password = login.password},
                         .target = name};
  read_template(table, options.pattern);
  return [options = std::move(options)] { return make_bluesky(options); };
}

MakePublisher read_mastodon(Table& table, const std::string& name, const Url& url,
                            const Formats& /*formats*/) {
  refuse_query(url, "a server");
  MastodonOptions options{.base = url.shown(), .target = name, .token = table.secret("token")};
  while (options.base.ends_with('/')) options.base.pop_back();
  if (options.token.empty()) {
    throw Misconfigured{table.where(), "token (or token_file) is needed"};
  }
  read_template(table, options.pattern);
  read_choice(table, "visibility", {"public", "unlisted", "private"}, options.visibility);
  return [options = std::move(options)] { return make_mastodon(options); };
}

MakePublisher read_webdav(Table& table, const std::string& /*name*/, const Url& url,
                          const Formats& /*formats*/) {
  refuse_query(url, "a folder");
  const Login login = read_login(table);
  WebdavOptions options{.folder = url.shown(),
                        .authorization = login.empty() ? "" : basic_authorization(login)};
  if (!login.empty()) options.secrets = {options.authorization.substr(6), login.password};
  return [options = std::move(options)] { return make_webdav(options); };
}

MakePublisher read_webhook(Table& table, const std::string& name, const Url& url,
                           const Formats& /*formats*/) {
  const std::string secret = table.secret("secret");
  std::string key;
  try {
    if (!secret.empty()) key = webhook_key(secret);
  } catch (const std::invalid_argument& error) {
    throw Misconfigured{table.where(), std::string{"secret: "} + error.what()};
  }
  WebhookOptions options{.url = url.shown() + (url.query.empty() ? "" : '?' + url.query),
                         .target = name,
                         .key = std::move(key),
                         .secrets = secrets_in(url.query)};
  options.secrets.push_back(secret);
  return [options = std::move(options)] { return make_webhook(options); };
}

MakePublisher read_wordpress(Table& table, const std::string& name, const Url& url,
                             const Formats& formats) {
  refuse_query(url, "a site");
  const Login login = needed_login(table, "of an application");
  WordpressOptions options{.site = url.shown(),
                           .target = name,
                           .authorization = basic_authorization(login),
                           .has_posts = has_format(formats, "html"),
                           .has_files = has_format(formats, "pdf")};
  options.secrets = {options.authorization.substr(6), login.password};
  read_choice(table, "status", {"publish", "draft", "pending", "private"}, options.status);
  return [options = std::move(options)] { return make_wordpress(options); };
}

}  // namespace pullwire::republisher
