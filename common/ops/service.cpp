#include "common/ops/service.hpp"

#include <csignal>
#include <utility>

#include <unistd.h>

#include "common/ops/log.hpp"
#include "common/ops/program.hpp"

namespace pullwire {

Service::Service(net::Loop& loop, Metrics& metrics, const std::optional<HttpAddress>& http,
                 std::chrono::seconds drain_timeout, Hooks hooks)
    : loop_{loop}, drain_timeout_{drain_timeout}, hooks_{std::move(hooks)} {
  loop_.on_signal([this](int number) { on_signal(number); });
  if (!http) return;
  http_ = std::make_unique<HttpServer>(*http);
  http_->get("/metrics", [this, &metrics](const Request&) {
    hooks_.before_scrape();
    return Response{200, std::string{kMetricsType}, metrics.text()};
  });
  http_->get("/healthz", [](const Request&) { return Response{200, "text/plain", "ok\n"}; });
  http_->get("/readyz", [this](const Request&) {
    const std::string why = hooks_.not_ready();
    if (why.empty()) return Response{200, "text/plain", "ready\n"};
    return Response{503, "text/plain; charset=utf-8", why + "\n"};
  });
  loop_.watch(http_->descriptor(), [this] { serve_http(); });
}

int Service::run() {
  loop_.run();
  return exit_code_;
}

void Service::finish(int exit_code) {
  exit_code_ = exit_code;
  loop_.stop();
}

void Service::check_ready() {
  if (told_ready_ || !hooks_.not_ready().empty()) return;
  told_ready_ = true;
  notify_supervisor("READY=1");
}

void Service::on_signal(int number) {
  if (draining_) {
    give_up("stopped by a second signal; what was not settled comes again");
  }
  draining_ = true;
  log_info("draining", {{"signal", number == SIGINT ? "SIGINT" : "SIGTERM"}});
  notify_supervisor("STOPPING=1");
  loop_.at(loop_.now() + drain_timeout_, [this] {
    give_up("not drained within drain_timeout; what was not settled comes again");
  });
  hooks_.drain();
}

/// Without unwinding: a worker may be in a job that hangs, and its end waits for it.
void Service::give_up(std::string_view why) {
  log_error(why, {{"unsettled", hooks_.unsettled()}});
  _exit(1);
}

void Service::serve_http() {
  http_->serve();
  if (http_timer_) loop_.cancel(*http_timer_);
  http_timer_.reset();
  if (const auto timeout = http_->timeout()) {
    http_timer_ = loop_.at(loop_.now() + *timeout, [this] {
      http_timer_.reset();
      serve_http();
    });
  }
}

}  // namespace pullwire
