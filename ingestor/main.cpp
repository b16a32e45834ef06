// ingestor: asks sources for posts with hashtags of interest, as republishers can take them.
#include <algorithm>
#include <set>
#include <stdexcept>

#include "common/net/link_socket.hpp"
#include "common/ops/log.hpp"
#include "common/ops/program.hpp"
#include "common/ops/settings.hpp"
#include "ingestor/ingestor.hpp"
#include "ingestor/sources/make_source.hpp"

namespace {

using namespace pullwire;

struct Options {
  Located bind{.text = "tcp://127.0.0.1:5570"};
  std::vector<Located> hashtags;
  std::vector<Located> sources;
  Located state{.text = "ingestor.db"};
  std::uint64_t seen_keep = 1'000'000;
  std::uint64_t max_span = 100'000;
  std::uint64_t max_attempts = 3;
  bool exit_when_done = false;
  std::uint64_t drain_timeout = 30;
  Located http{.text = "127.0.0.1:9471"};
};

void declare(Settings& settings, Options& o) {
  settings.text("bind", o.bind, "where republishers connect: tcp://127.0.0.1:PORT or ipc://PATH");
  settings.texts("hashtags", o.hashtags, "hashtags of interest, without #; none: every post");
  settings.texts("sources", o.sources, "KIND:... or NAME=KIND:...; see README");
  settings.text("state", o.state, "database of cursors and seen posts");
  settings.number("seen_keep", o.seen_keep, {1, 100'000'000}, "seen posts remembered per source");
  settings.number("max_span", o.max_span, {1, 10'000'000},
                  "newest post sent minus the lowest not settled, in posts");
  settings.number("max_attempts", o.max_attempts, {1, 1000},
                  "deliveries of a post whose sessions died, before it is given up");
  settings.flag("exit_when_done", o.exit_when_done, "end once every finite source is settled");
  settings.number("drain_timeout", o.drain_timeout, {1, 3600}, "seconds");
  settings.text("http", o.http, "address of /metrics, /healthz and /readyz; empty: none");
}

std::vector<std::unique_ptr<ingestor::Source>> open_sources(const Options& o,
                                                            const std::string& where) {
  if (o.sources.empty()) throw Misconfigured{where, "no source: name at least one"};
  std::vector<std::string> hashtags;
  for (const Located& tag : o.hashtags) hashtags.push_back(tag.text);
  std::vector<std::unique_ptr<ingestor::Source>> sources;
  std::set<std::string, std::less<>> names;
  for (const Located& uri : o.sources) {
    try {
      sources.push_back(ingestor::make_source(
          uri.text, {.base = uri.base, .hashtags = hashtags, .follow = !o.exit_when_done}));
    } catch (const std::invalid_argument& error) {
      throw Misconfigured{uri.where, error.what()};
    }
    if (!names.emplace(sources.back()->name()).second) {
      throw Misconfigured{uri.where, "a second source named " +
                                         std::string{sources.back()->name()} +
                                         "; give it another name: NAME=" + uri.text};
    }
  }
  return sources;
}

int run(int argc, char** argv) {
  Settings settings{"ingestor", "Asks sources for posts as republishers can take them."};
  Options o;
  declare(settings, o);
  if (const auto code = settings.read(argc, argv)) return *code;
  start_log(settings.log_format(), settings.log_level(), "ingestor");
  try {
    net::check_endpoint(o.bind.text);
  } catch (const std::invalid_argument& error) {
    throw Misconfigured{o.bind.where, o.bind.text + ": " + error.what()};
  }
  ingestor::Config config{.bind = o.bind.text,
                          .hashtags = {},
                          .state = o.state.path(),
                          .seen_keep = o.seen_keep,
                          .max_span = o.max_span,
                          .max_attempts = static_cast<std::uint16_t>(o.max_attempts),
                          .exit_when_done = o.exit_when_done,
                          .drain_timeout = std::chrono::seconds{o.drain_timeout},
                          .http = std::nullopt};
  for (const Located& tag : o.hashtags) config.hashtags.push_back(tag.text);
  if (!o.http.text.empty()) config.http = parse_http_address(o.http);
  auto sources = open_sources(o, settings.where("sources"));
  if (settings.check_only()) return 0;
  return ingestor::Ingestor{std::move(config), std::move(sources)}.run();
}

}  // namespace

int main(int argc, char** argv) {
  return pullwire::run_program("ingestor", [&] { return run(argc, argv); });
}
