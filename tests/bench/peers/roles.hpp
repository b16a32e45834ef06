// What the relays through brokers share: roles, windows and the command line. Back-pressure is
// by hand in all of them: a consumer gives credit back as it acknowledges, a source sends no
// more than that, so that what a broker holds stays bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

#include <CLI/CLI.hpp>

#include "common/ops/program.hpp"
#include "tests/bench/meter.hpp"

namespace pullwire::bench {

inline constexpr std::size_t kWindow = 1000;  // events sent to a broker and not acknowledged
/// Events of one request, acknowledgement or grant. A source that never ends needs no timer.
inline constexpr std::size_t kBatch = kWindow / 4;

struct Options {
  std::uint16_t port = 0;
  double warm_up = 1;
  double window = 3;

  [[nodiscard]] Meter meter() const {
    return {std::chrono::duration<double>{warm_up}, std::chrono::duration<double>{window}};
  }
};

/// Each connects to the broker, says that it is ready, and works until it is killed.
struct Roles {
  void (*source)(const Options&);
  void (*relay)(const Options&);
  void (*sink)(const Options&);
};

/// From here on a role hears of credit.
inline void say_ready() {
  std::printf("ready\n");
  std::fflush(stdout);
}

inline int run_roles(const char* name, const Roles& roles, int argc, char** argv) {
  return run_program(name, [&] {
    CLI::App app{"A stage of the relay benchmark through a broker"};
    Options options;
    app.require_subcommand(1);
    CLI::App* source = app.add_subcommand("source", "makes events");
    CLI::App* relay = app.add_subcommand("relay", "passes them on");
    CLI::App* sink = app.add_subcommand("sink", "takes and counts them");
    for (CLI::App* role : {source, relay, sink}) {
      role->add_option("--port", options.port, "the broker's, on 127.0.0.1")->required();
    }
    sink->add_option("--warm-up", options.warm_up, "seconds before the window");
    sink->add_option("--window", options.window, "seconds that are measured");
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return app.exit(error);
    }
    if (*source) roles.source(options);
    if (*relay) roles.relay(options);
    if (*sink) roles.sink(options);
    return 0;
  });
}

}  // namespace pullwire::bench
