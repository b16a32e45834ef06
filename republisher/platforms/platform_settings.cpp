#include "republisher/platforms/platform_settings.hpp"

#include <memory>
#include <stdexcept>
#include <utility>

#include "common/ops/http_settings.hpp"
#include "republisher/platforms/http_target.hpp"
#include "republisher/platforms/webdav.hpp"
#include "republisher/platforms/webhook.hpp"

namespace pullwire::republisher {
namespace {

constexpr std::size_t kMostAnswer = std::size_t{1024} * 1024;  // bytes: only words of it are used

/// Publishers are made when the target is, of what was read before.
using MakePublisher = std::function<std::unique_ptr<Publisher>()>;

MakePublisher read_webdav(Table& table, const Url& url) {
  if (!url.query.empty()) throw std::invalid_argument{"a folder's address has no ?"};
  const Login login = read_login(table);
  WebdavOptions options{.folder = url.shown(),
                        .authorization = login.empty() ? "" : basic_authorization(login)};
  if (!login.empty()) options.secrets = {options.authorization.substr(6), login.password};
  return [options = std::move(options)] { return make_webdav(options); };
}

MakePublisher read_webhook(Table& table, const std::string& name, const Url& url) {
  const std::string secret = table.secret("secret");
  WebhookOptions options{.url = url.shown() + (url.query.empty() ? "" : '?' + url.query),
                         .target = name,
                         .key = secret.empty() ? "" : webhook_key(secret),
                         .secrets = {secret, url.query}};
  return [options = std::move(options)] { return make_webhook(options); };
}

}  // namespace

bool is_platform(std::string_view kind) {
  return is_web_service(kind, "webdav") || is_web_service(kind, "webhook");
}

MakeTarget read_platform(Table& table, const std::string& name, const Located& uri) {
  const std::size_t colon = uri.text.find(':');
  MakePublisher make;
  try {
    const WebService service =
        parse_web_service(uri.text.substr(0, colon), uri.text.substr(colon + 1));
    make = service.kind == "webdav" ? read_webdav(table, service.url)
                                    : read_webhook(table, name, service.url);
  } catch (const std::invalid_argument& error) {
    throw Misconfigured{uri.where, error.what()};
  }
  HttpTargetConfig config{.limits = read_http_limits(table)};
  config.limits.body_bytes = kMostAnswer;
  std::uint64_t connections = config.connections;
  std::uint64_t defer_after = 30;
  table.number("connections", connections, {1, 64});
  table.number("defer_after", defer_after, {1, 3600});
  config.connections = connections;
  config.defer_after = std::chrono::seconds{defer_after};
  return [make = std::move(make), config](const TargetContext& context) {
    return make_http_target(make(), config, context.loop, context.http());
  };
}

}  // namespace pullwire::republisher
