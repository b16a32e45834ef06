// What every stage's process has around its work: HTTP endpoints, readiness, signals
// and the drain's deadline. Lives on the loop's thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/net/loop.hpp"
#include "common/ops/http_server.hpp"
#include "common/ops/metrics.hpp"

namespace pullwire {

class Service {
 public:
  struct Hooks {
    std::function<void()> drain;             ///< first SIGTERM or SIGINT
    std::function<std::size_t()> unsettled;  ///< for the line when the deadline passes
    std::function<std::string()> not_ready;  ///< why not, or ""
    std::function<void()> before_scrape;     ///< bring the metrics up to date
  };

  /// Serves /metrics, /healthz and /readyz on `http`, if given. Throws
  /// std::runtime_error if the port is taken.
  Service(net::Loop& loop, Metrics& metrics, const std::optional<HttpAddress>& http,
          std::chrono::seconds drain_timeout, Hooks hooks);

  /// Null without an address. For further pages.
  [[nodiscard]] HttpServer* http() { return http_.get(); }

  /// Runs the loop until `finish`; returns the exit code.
  int run();
  void finish(int exit_code);

  /// Looks whether the stage is ready now; tells a supervisor when it first is.
  void check_ready();

 private:
  void on_signal(int number);
  [[noreturn]] void give_up(std::string_view why);
  void serve_http();

  net::Loop& loop_;
  std::chrono::seconds drain_timeout_;
  Hooks hooks_;
  std::unique_ptr<HttpServer> http_;
  std::optional<net::Loop::TimerId> http_timer_;
  int exit_code_ = 0;
  bool draining_ = false;
  bool told_ready_ = false;
};

}  // namespace pullwire
