// republisher: renders posts and publishes them, as the reporter can take the records.
#include <algorithm>
#include <set>
#include <stdexcept>

#include "common/net/link_socket.hpp"
#include "common/ops/log.hpp"
#include "common/ops/program.hpp"
#include "common/ops/settings.hpp"
#include "republisher/preview.hpp"
#include "republisher/publish/make_target.hpp"
#include "republisher/republisher.hpp"

namespace {

using namespace pullwire;
using republisher::Destination;
using republisher::Format;

struct Options {
  std::vector<Located> upstream{{.text = "tcp://127.0.0.1:5570"}};
  std::vector<Located> downstream{{.text = "tcp://127.0.0.1:5571"}};
  std::uint64_t max_demand = 100;
  std::uint64_t min_demand = 50;
  std::uint64_t concurrency = 64;
  std::uint64_t render_timeout = 30;
  std::uint64_t drain_timeout = 30;
  Located http{.text = ""};
  std::vector<Table> targets;
  Located preview{.text = ""};
};

struct TargetOptions {
  std::string name;
  republisher::ConfiguredTarget configured;
  std::vector<const Format*> formats;
};

void declare(Settings& settings, Options& o) {
  settings.texts("upstream", o.upstream, "ingestors: tcp://127.0.0.1:PORT or ipc://PATH");
  settings.texts("downstream", o.downstream, "reporters");
  settings.number("max_demand", o.max_demand, {1, wire::kMaxDemand},
                  "posts in flight on each upstream link");
  settings.number("min_demand", o.min_demand, {0, wire::kMaxDemand - 1},
                  "asks again at so few; default half of max_demand");
  settings.number("concurrency", o.concurrency, {1, 100'000},
                  "publications under way at once, without those that wait for a platform");
  settings.number("render_timeout", o.render_timeout, {1, 3600},
                  "seconds; past it the process names the post and ends");
  settings.number("drain_timeout", o.drain_timeout, {1, 3600}, "seconds");
  settings.text("http", o.http, "address of /metrics, /healthz and /readyz; empty: none");
  settings.tables("target", o.targets);
  settings.text("preview", o.preview,
                "show what of the posts in this file (JSON lines; - for standard input) would be "
                "sent where, send nothing, and exit",
                false);
}

std::vector<std::string> endpoints(const std::vector<Located>& values, const std::string& where) {
  if (values.empty()) throw Misconfigured{where, "at least one endpoint is needed"};
  std::vector<std::string> endpoints;
  for (const Located& value : values) {
    try {
      net::check_endpoint(value.text);
    } catch (const std::invalid_argument& error) {
      throw Misconfigured{value.where, value.text + ": " + error.what()};
    }
    if (std::find(endpoints.begin(), endpoints.end(), value.text) != endpoints.end()) {
      throw Misconfigured{value.where, value.text + " stands there twice"};
    }
    endpoints.push_back(value.text);
  }
  return endpoints;
}

TargetOptions read_options(Table& table) {
  TargetOptions target;
  const Located name = table.text("name");
  target.name = name.text;
  const auto fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  if (target.name.empty() || target.name.size() > 64 ||
      !std::all_of(target.name.begin(), target.name.end(), fine)) {
    throw Misconfigured{name.where, "a name has 1 to 64 letters, digits, '-', '_' and '.'"};
  }
  for (const Located& format : table.texts("formats")) {
    const Format* found = republisher::find_format(format.text);
    if (found == nullptr) {
      std::string known;
      for (const Format& each : republisher::formats()) known += " " + std::string{each.name};
      throw Misconfigured{format.where, "unknown format " + format.text + "; there are:" + known};
    }
    if (std::find(target.formats.begin(), target.formats.end(), found) != target.formats.end()) {
      throw Misconfigured{format.where, format.text + " stands there twice"};
    }
    target.formats.push_back(found);
  }
  if (target.formats.empty()) throw Misconfigured{table.where(), "formats: at least one is needed"};
  target.configured = republisher::read_target(table, target.name, target.formats);
  table.refuse_others();
  return target;
}

int run(int argc, char** argv) {
  Settings settings{"republisher", "Renders posts and publishes them, on demand."};
  Options o;
  declare(settings, o);
  if (const auto code = settings.read(argc, argv)) return *code;
  start_log(settings.log_format(), settings.log_level(), "republisher");

  if (!settings.given("min_demand")) o.min_demand = o.max_demand / 2;
  if (o.min_demand >= o.max_demand) {
    throw Misconfigured{
        settings.where("min_demand"),
        "min_demand must be smaller than max_demand, which is " + std::to_string(o.max_demand)};
  }
  republisher::Config config{.upstream = endpoints(o.upstream, settings.where("upstream")),
                             .downstream = endpoints(o.downstream, settings.where("downstream")),
                             .demand = {.min = static_cast<std::uint32_t>(o.min_demand),
                                        .max = static_cast<std::uint32_t>(o.max_demand)},
                             .concurrency = o.concurrency,
                             .render_timeout = std::chrono::seconds{o.render_timeout},
                             .drain_timeout = std::chrono::seconds{o.drain_timeout},
                             .http = std::nullopt};
  if (!o.http.text.empty()) config.http = parse_http_address(o.http);

  if (o.targets.empty()) {
    throw Misconfigured{settings.where("target"),
                        "no target: the file needs at least one [[republisher.target]]"};
  }
  std::vector<TargetOptions> targets;
  std::set<std::string> names;
  for (Table& table : o.targets) {
    targets.push_back(read_options(table));
    if (!names.insert(targets.back().name).second) {
      throw Misconfigured{table.where(), "a second target named " + targets.back().name};
    }
  }
  if (settings.check_only()) return 0;
  if (!o.preview.text.empty()) {
    std::vector<republisher::PreviewTarget> shown;
    for (const TargetOptions& target : targets) {
      shown.push_back({target.name, target.formats, target.configured.show});
    }
    return republisher::preview(o.preview.path(), shown);
  }

  const auto make = [&](net::Loop& loop, const std::function<HttpClient&()>& http) {
    std::vector<Destination> destinations;
    for (TargetOptions& target : targets) {
      destinations.push_back({.name = target.name,
                              .target = target.configured.make({.loop = loop, .http = http}),
                              .formats = target.formats});
    }
    return destinations;
  };
  return republisher::Republisher{std::move(config), make}.run();
}

}  // namespace

int main(int argc, char** argv) {
  return pullwire::run_program("republisher", [&] { return run(argc, argv); });
}
