#include "republisher/platforms/platform_settings.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <utility>

#include "common/ops/http_settings.hpp"
#include "republisher/platforms/http_target.hpp"
#include "republisher/platforms/platform_options.hpp"
#include "republisher/publish/dry_run.hpp"

namespace pullwire::republisher {
namespace {

// Bytes. WordPress says a post's content back, with markup around each word in the worst case.
constexpr std::size_t kMostAnswer = std::size_t{8} * 1024 * 1024;

constexpr double kLeastRate = 1e-4;

struct Kind {
  std::string_view name;
  MakePublisher (*read)(Table& table, const std::string& name, const Url& url,
                        const Formats& formats);
  std::string_view formats;  ///< that it takes, with spaces around each; "": all
};

constexpr std::array kKinds{
    Kind{"bluesky", read_bluesky, " text "},
    Kind{"mastodon", read_mastodon, " text "},
    Kind{"webdav", read_webdav, ""},
    Kind{"webhook", read_webhook, ""},
    Kind{"wordpress", read_wordpress, " html pdf "},
};

const Kind* find_kind(std::string_view kind) {
  const auto found = std::find_if(kKinds.begin(), kKinds.end(),
                                  [&](const Kind& one) { return is_web_service(kind, one.name); });
  return found == kKinds.end() ? nullptr : &*found;
}

void check_formats(const Kind& kind, const Formats& formats, const std::string& where) {
  if (kind.formats.empty()) return;
  for (const Format* format : formats) {
    if (kind.formats.find(" " + std::string{format->name} + " ") != std::string_view::npos)
      continue;
    throw Misconfigured{where, "formats: a target of the kind " + std::string{kind.name} +
                                   " takes no " + std::string{format->name} + "; it takes:" +
                                   std::string{kind.formats.substr(0, kind.formats.size() - 1)}};
  }
}

}  // namespace

bool is_platform(std::string_view kind) {
  return find_kind(kind) != nullptr;
}

ConfiguredTarget read_platform(Table& table, const std::string& name, const Located& uri,
                               const std::vector<const Format*>& formats) {
  const std::size_t colon = uri.text.find(':');
  const Kind& kind = *find_kind(uri.text.substr(0, colon));
  check_formats(kind, formats, table.where());
  MakePublisher make;
  std::string address;
  try {
    const WebService service =
        parse_web_service(uri.text.substr(0, colon), uri.text.substr(colon + 1));
    address = service.url.shown();
    make = kind.read(table, name, service.url, formats);
  } catch (const std::invalid_argument& error) {
    throw Misconfigured{uri.where, error.what()};
  }
  HttpTargetConfig config{.name = name, .limits = read_http_limits(table)};
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
  const ShowDocument show = [make, address](const Document& document) {
    Shown shown = make()->show(document);
    if (shown.address.empty()) shown.address = address;
    return shown;
  };
  if (dry_run) return {[name](const TargetContext&) { return make_dry_run(name); }, show};
  const auto make_target = [make, config](const TargetContext& context) {
    return std::make_unique<HttpTarget>(make(), config, context.loop, context.http());
  };
  return {make_target, show};
}

}  // namespace pullwire::republisher
