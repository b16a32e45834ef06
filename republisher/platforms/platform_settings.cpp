#include "republisher/platforms/platform_settings.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <utility>

#include "common/ops/http_settings.hpp"
#include "republisher/platforms/http_target.hpp"
#include "republisher/platforms/webdav.hpp"
#include "republisher/platforms/webhook.hpp"
#include "republisher/publish/dry_run.hpp"

namespace pullwire::republisher {
namespace {

constexpr std::size_t kMostAnswer = std::size_t{1024} * 1024;  // bytes: only words of it are used

constexpr double kLeastRate = 1e-4;

/// Publishers are made when the target is, of what was read before.
using MakePublisher = std::function<std::unique_ptr<Publisher>()>;

MakePublisher read_webdav(Table& table, const std::string& /*name*/, const Url& url) {
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

struct Kind {
  std::string_view name;
  MakePublisher (*read)(Table& table, const std::string& name, const Url& url);
  std::string_view formats;  ///< that it takes, with spaces around each; "": all
};

constexpr std::array kKinds{
    Kind{"webdav", read_webdav, ""},
    Kind{"webhook", read_webhook, ""},
};

const Kind* find_kind(std::string_view kind) {
  const auto found = std::find_if(kKinds.begin(), kKinds.end(),
                                  [&](const Kind& one) { return is_web_service(kind, one.name); });
  return found == kKinds.end() ? nullptr : &*found;
}

void check_formats(const Kind& kind, const std::vector<const Format*>& formats,
                   const std::string& where) {
  if (kind.formats.empty()) return;
  for (const Format* format : formats) {
    if (kind.formats.find(" " + std::string{format->name} + " ") != std::string_view::npos)
      continue;
    throw Misconfigured{where, "formats: a target of the kind " + std::string{kind.name} +
                                   " takes no " + std::string{format->name} +
                                   "; it takes:" + std::string{kind.formats}};
  }
}

}  // namespace

bool is_platform(std::string_view kind) {
  return find_kind(kind) != nullptr;
}

MakeTarget read_platform(Table& table, const std::string& name, const Located& uri,
                         const std::vector<const Format*>& formats) {
  const std::size_t colon = uri.text.find(':');
  const Kind& kind = *find_kind(uri.text.substr(0, colon));
  check_formats(kind, formats, table.where());
  MakePublisher make;
  try {
    const WebService service =
        parse_web_service(uri.text.substr(0, colon), uri.text.substr(colon + 1));
    make = kind.read(table, name, service.url);
  } catch (const std::invalid_argument& error) {
    throw Misconfigured{uri.where, error.what()};
  }
  HttpTargetConfig config{.limits = read_http_limits(table)};
  config.limits.body_bytes = kMostAnswer;
  std::uint64_t connections = config.connections;
  std::uint64_t defer_after = 30;
  table.number("connections", connections, {1, 64});
  table.number("defer_after", defer_after, {1, 3600});
  table.decimal("rate", config.pace.rate, {0, 1e6});
  if (config.pace.rate > 0 && config.pace.rate < kLeastRate) {
    throw Misconfigured{table.where(), "rate is 0 (any) or at least 0.0001 a second"};
  }
  table.number("hourly_cap", config.pace.hourly_cap, {0, 1'000'000'000});
  bool dry_run = false;
  table.flag("dry_run", dry_run);
  config.connections = connections;
  config.defer_after = std::chrono::seconds{defer_after};
  if (dry_run) return [name](const TargetContext&) { return make_dry_run(name); };
  return [make = std::move(make), config](const TargetContext& context) {
    return std::make_unique<HttpTarget>(make(), config, context.loop, context.http());
  };
}

}  // namespace pullwire::republisher
