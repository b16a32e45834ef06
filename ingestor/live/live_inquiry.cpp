#include "ingestor/live/live_inquiry.hpp"

#include <utility>
#include <vector>

#include <unistd.h>

#include "common/ops/log.hpp"
#include "common/ops/text.hpp"

namespace pullwire::ingestor {
namespace {

using namespace std::chrono_literals;

constexpr net::Time kReadingHangs = 60s;
constexpr std::size_t kSignInBytes = std::size_t{256} * 1024;

/// What an answer says whatever the platform; nothing if it is to be read.
std::optional<Finding> known_already(const HttpAnswer& answer, bool signing_in) {
  const RateHint hint = read_rate_hint(answer, wall_clock());
  if (!answer.answered()) {
    return Finding{.kind = Finding::Kind::Failed, .why = answer.failure, .hint = hint};
  }
  if (answer.status == 429) return Finding{.kind = Finding::Kind::Throttled, .hint = hint};
  if (answer.status < 500) return std::nullopt;
  const bool by_request = answer.status == 500 && !signing_in;
  return Finding{.kind = by_request ? Finding::Kind::Stumbled : Finding::Kind::Failed,
                 .why = "the server failed: HTTP " + std::to_string(answer.status),
                 .hint = hint};
}

}  // namespace

Outside::Outside(net::Loop& the_loop)
    : loop{the_loop},
      http{the_loop},
      reader{the_loop, kReadingHangs, [](const std::string& name) {
               log_error("ended: reading an answer takes too long", {{"source", name}});
               ::_exit(1);
             }} {}

/// An answer, and what the worker makes of it.
struct LiveInquiry::Reading {
  HttpAnswer answer;
  Finding finding{};
};

LiveInquiry::LiveInquiry(std::string name, std::shared_ptr<Platform> platform,
                         const HttpLimits& limits, Outside& outside)
    : name_{std::move(name)}, platform_{std::move(platform)}, limits_{limits}, outside_{outside} {}

LiveInquiry::~LiveInquiry() {
  *alive_ = false;
  if (request_) outside_.http.cancel(*request_);
}

void LiveInquiry::ask(const std::string& stream, const std::string& place, Done done) {
  done_ = std::move(done);
  if (auto request = platform_->sign_in()) {
    return fetch(std::move(*request), true, [this](HttpAnswer& answer) { signed_in(answer); });
  }
  fetch(platform_->request(stream, place, wall_clock()), false,
        [this, stream, place](HttpAnswer& answer) { read(answer, stream, place); });
}

void LiveInquiry::fetch(HttpRequest request, bool signing_in,
                        std::function<void(HttpAnswer&)> then) {
  HttpLimits limits = limits_;
  limits.redirects = platform_->redirects();
  if (signing_in) limits.body_bytes = kSignInBytes;
  request_ = outside_.http.fetch(std::move(request), limits,
                                 [this, signing_in, then = std::move(then)](HttpAnswer answer) {
                                   request_.reset();
                                   if (auto finding = known_already(answer, signing_in)) {
                                     return end(std::move(*finding));
                                   }
                                   // Before words of it are shortened, which may cut a secret.
                                   if (answer.status != 200)
                                     hide_secrets(platform_->secrets(), answer.body);
                                   then(answer);
                                 });
}

void LiveInquiry::signed_in(HttpAnswer& answer) {
  const RateHint hint = read_rate_hint(answer, wall_clock());
  try {
    platform_->signed_in(answer);
  } catch (const BadAnswer& bad) {
    Finding finding{.kind = Finding::Kind::Failed, .why = bad.what(), .hint = hint};
    hide_secrets(platform_->secrets(), finding.why);
    return end(std::move(finding));
  }
  end({.kind = Finding::Kind::SignedIn, .hint = hint});
}

void LiveInquiry::read(HttpAnswer& answer, const std::string& stream, const std::string& place) {
  auto reading = std::make_shared<Reading>(Reading{.answer = std::move(answer)});
  reading->finding.hint = read_rate_hint(reading->answer, wall_clock());
  const auto work = [reading, platform = platform_, stream, place, secrets = platform_->secrets()] {
    Finding& finding = reading->finding;
    try {
      finding.page = platform->read(reading->answer, stream, place);
      finding.kind = Finding::Kind::Page;
    } catch (const SessionEnded& bad) {
      finding.kind = Finding::Kind::SignedOut;
      finding.why = bad.what();
    } catch (const std::exception& bad) {
      finding.kind = Finding::Kind::Refused;
      finding.why = bad.what();
    }
    hide_secrets(secrets, finding.why);
  };
  outside_.reader.add({.work = work,
                       .done =
                           [this, reading, alive = alive_] {
                             if (!*alive) return;
                             if (reading->finding.kind == Finding::Kind::SignedOut) {
                               platform_->signed_out();
                             }
                             end(std::move(reading->finding));
                           },
                       .name = name_});
}

void LiveInquiry::end(Finding finding) {
  std::exchange(done_, nullptr)(std::move(finding));
}

}  // namespace pullwire::ingestor
