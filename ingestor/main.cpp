// ingestor: asks sources for posts with hashtags of interest, as republishers can take them.
#include <optional>
#include <stdexcept>

#include "common/model/hashtag.hpp"
#include "common/net/link_socket.hpp"
#include "common/ops/log.hpp"
#include "common/ops/program.hpp"
#include "common/ops/settings.hpp"
#include "ingestor/configured_sources.hpp"
#include "ingestor/ingestor.hpp"
#include "ingestor/preview.hpp"

namespace {

using namespace pullwire;

struct Options {
  Located bind{.text = "tcp://127.0.0.1:5570"};
  std::vector<Located> hashtags;
  std::vector<Located> sources;
  std::vector<Table> source_tables;
  Located state{.text = "ingestor.db"};
  std::uint64_t seen_keep = 1'000'000;
  std::uint64_t max_span = 100'000;
  std::uint64_t max_attempts = 3;
  bool exit_when_done = false;
  std::uint64_t drain_timeout = 30;
  Located http{.text = "127.0.0.1:9471"};
  std::uint64_t preview = 0;
};

void declare(Settings& settings, Options& o) {
  settings.text("bind", o.bind, "where republishers connect: tcp://127.0.0.1:PORT or ipc://PATH");
  settings.texts("hashtags", o.hashtags, "hashtags of interest, without #; none: every post");
  settings.texts("sources", o.sources, "KIND:... or NAME=KIND:...; see README");
  settings.tables("source", o.source_tables);
  settings.text("state", o.state, "database of cursors and seen posts");
  settings.number("seen_keep", o.seen_keep, {1, 100'000'000}, "seen posts remembered per source");
  settings.number("max_span", o.max_span, {1, 10'000'000},
                  "newest post sent minus the lowest not settled, in posts");
  settings.number("max_attempts", o.max_attempts, {1, 1000},
                  "deliveries of a post whose sessions died, before it is given up");
  settings.flag("exit_when_done", o.exit_when_done, "end once every finite source is settled");
  settings.number("drain_timeout", o.drain_timeout, {1, 3600}, "seconds");
  settings.text("http", o.http, "address of /metrics, /healthz and /readyz; empty: none");
  settings.number("preview", o.preview, {0, 1'000'000},
                  "show so many of the next posts as JSON lines, move no cursor, and exit", false);
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
  for (const Located& tag : o.hashtags) {
    if (bare_hashtag(tag.text).empty()) throw Misconfigured{tag.where, "a hashtag is empty"};
    config.hashtags.push_back(tag.text);
  }
  if (!o.http.text.empty()) config.http = parse_http_address(o.http);
  net::Loop loop;
  std::optional<ingestor::Outside> outside;
  auto sources = ingestor::open_sources(o.sources, o.source_tables, settings.where("sources"),
                                        {.base = {},
                                         .hashtags = config.hashtags,
                                         .follow = !o.exit_when_done,
                                         .outside = [&]() -> ingestor::Outside& {
                                           return outside ? *outside : outside.emplace(loop);
                                         }});
  if (settings.check_only()) return 0;
  if (o.preview > 0) {
    return ingestor::preview(loop, config.state, std::move(sources), config.hashtags,
                             static_cast<std::size_t>(o.preview));
  }
  return ingestor::Ingestor{loop, std::move(config), std::move(sources)}.run();
}

}  // namespace

int main(int argc, char** argv) {
  return pullwire::run_program("ingestor", [&] { return run(argc, argv); });
}
