// reporter: writes the time of each publishing to a database, and asks for as many
// publications as that can take.
#include <cstdio>
#include <stdexcept>
#include <variant>

#include "common/net/link_socket.hpp"
#include "common/ops/log.hpp"
#include "common/ops/program.hpp"
#include "common/ops/settings.hpp"
#include "common/wire/codec.hpp"
#include "common/wire/events.hpp"
#include "reporter/reporter.hpp"
#include "reporter/store/listing.hpp"
#include "reporter/store/make_store.hpp"

namespace {

using namespace pullwire;

struct Options {
  Located bind{.text = "tcp://127.0.0.1:5571"};
  Located database{.text = "sqlite:reports.db"};
  std::uint64_t max_demand = 1000;
  double cost_ms = 0;
  std::uint64_t drain_timeout = 30;
  Located http{.text = "127.0.0.1:9473"};
  Located list{};
};

void declare(Settings& settings, Options& o) {
  settings.text("bind", o.bind, "where republishers connect: tcp://127.0.0.1:PORT or ipc://PATH");
  settings.text("database", o.database, "sqlite:PATH or none:?commit_ms=C");
  settings.number("max_demand", o.max_demand, {1, wire::kMaxDemand},
                  "publications in flight, all links together");
  settings.decimal("cost_ms", o.cost_ms, {0, 60'000},
                   "simulated cost of a publication, one after another");
  settings.number("drain_timeout", o.drain_timeout, {1, 3600}, "seconds");
  settings.text("http", o.http,
                "address of /metrics, /healthz, /readyz and /api/status; empty: none");
  settings.text("list", o.list, "deferred or failed: list these publications and exit", false);
}

/// Writes the list; takes nothing, so that a reporter may be running.
int list(const Located& word, const Options& o, const reporter::StoreUri& uri, bool check_only) {
  const bool deferred = word.text == "deferred";
  if (!deferred && word.text != "failed") {
    throw Misconfigured{word.where, "deferred or failed, not " + word.text};
  }
  const auto* sqlite = std::get_if<reporter::SqliteUri>(&uri);
  if (sqlite == nullptr) {
    throw Misconfigured{o.database.where, o.database.text + " stores nothing to be listed"};
  }
  if (check_only) return 0;
  reporter::list_publications(sqlite->path, deferred ? Status::Deferred : Status::Failed, stdout);
  return 0;
}

int run(int argc, char** argv) {
  Settings settings{"reporter", "Records publications and asks for as many as it can record."};
  Options o;
  declare(settings, o);
  if (const auto code = settings.read(argc, argv)) return *code;
  start_log(settings.log_format(), settings.log_level(), "reporter");

  try {
    net::check_endpoint(o.bind.text);
  } catch (const std::invalid_argument& error) {
    throw Misconfigured{o.bind.where, o.bind.text + ": " + error.what()};
  }
  reporter::Config config{
      .bind = o.bind.text,
      .demand = {.min = static_cast<std::uint32_t>(o.max_demand / 2),
                 .max = static_cast<std::uint32_t>(o.max_demand)},
      .cost = std::chrono::nanoseconds{static_cast<std::int64_t>(o.cost_ms * 1e6)},
      .drain_timeout = std::chrono::seconds{o.drain_timeout},
      .http = std::nullopt,
      .database = o.database.text};
  if (!o.http.text.empty()) config.http = parse_http_address(o.http);
  reporter::StoreUri uri;
  try {
    uri = reporter::parse_store_uri(o.database.text, o.database.base);
  } catch (const std::invalid_argument& error) {
    throw Misconfigured{o.database.where, error.what()};
  }
  if (settings.given("list")) return list(o.list, o, uri, settings.check_only());
  if (settings.check_only()) return 0;
  auto store = reporter::make_store(uri, wire::decode_post);
  return reporter::Reporter{std::move(config), std::move(store)}.run();
}

}  // namespace

int main(int argc, char** argv) {
  return pullwire::run_program("reporter", [&] { return run(argc, argv); });
}
