// A target over HTTP: many publications under way at once, each on its own, within what the
// platform allows.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/net/loop.hpp"
#include "common/ops/http_client.hpp"
#include "common/ops/rate_budget.hpp"
#include "republisher/platforms/pace.hpp"
#include "republisher/platforms/publication_queue.hpp"
#include "republisher/platforms/publisher.hpp"
#include "republisher/publish/target.hpp"

namespace pullwire::republisher {

struct HttpTargetConfig {
  std::string name{};  ///< for the log
  HttpLimits limits{};
  std::size_t connections = 4;  ///< requests under way at once
  /// A publication that has waited for so long is deferred.
  std::chrono::milliseconds defer_after{30'000};
  /// After the first failure; doubles with each more, up to five minutes.
  std::chrono::milliseconds first_back_off{1000};
  PaceConfig pace{};
  /// By then a session has ended whose peer is silent (PROTOCOL.md, Liveness).
  std::chrono::milliseconds dead_time{2500};
};

/// Publications take their turn, those first that were tried least, at the pace that is set; how
/// many wait is bounded by what the republisher has in hand. What fails is tried again with
/// back-off until `defer_after`; while a target fails, one publication at a time tries whether it
/// works again. What cannot begin in time, for back-off or since the platform says when
/// (Retry-After, a used-up rate limit), is deferred with that time. Where a publication can only be
/// found by looking it up, one whose last request may still be at work waits until that must have
/// ended. When the process is asked to end, nothing waits longer than five seconds, and no answer
/// is waited for longer than ten.
class HttpTarget final : public Target {
 public:
  using Time = net::Time;

  HttpTarget(std::unique_ptr<Publisher> publisher, HttpTargetConfig config, net::Loop& loop,
             HttpClient& http);
  ~HttpTarget() override;

  std::optional<Outcome> prepare(const Document& /*document*/) override { return std::nullopt; }
  void publish(const Document& document, Done done) override;
  [[nodiscard]] bool queues() const override { return true; }
  bool defer(const Document& document, std::string_view reason) override;
  [[nodiscard]] std::string trouble() const override;
  [[nodiscard]] Time closed_for() const override;
  void close_for(Time time) override;
  void share(std::size_t republishers) override;
  void drain() override;

 private:
  using List = PublicationQueue::List;
  using Place = PublicationQueue::Place;

  void pump();
  bool step();
  void introduce(std::unique_ptr<Conversation> introduction);
  void begin(Place place);
  void fetch(Place place, HttpRequest request);
  void answered(Place place, HttpAnswer answer);
  void take(Place place, const HttpAnswer& answer, const RateHint& hint);
  void go_on(Place place, HttpRequest request);
  void end(Place place, Step& step);
  void fail(Place place, const std::string& why, const RateHint& hint);
  void anew(Place place, const std::string& why, const RateHint& hint);
  void again(Place place, std::string why);
  void fence(UnderWay& one) const;
  [[nodiscard]] Time patience(const Document& document) const;
  [[nodiscard]] Time rest() const;
  void defer(List& from, Place place, Time earliest, std::string_view otherwise);
  void hear(const std::function<void()>& answer);
  static Outcome refused(const std::string& why);
  static void finish(List& from, Place place, Outcome outcome);
  void refuse_all();
  void set_timer();
  void give_up_answers();

  static constexpr std::string_view kThrottled = "asked too often (HTTP 429)";

  [[nodiscard]] std::size_t allowed() const { return failing_ ? 1 : config_.connections; }
  /// No publication begins before; Pace::kNever if that is not known.
  [[nodiscard]] Time opens() const { return std::max(budget_.next(), pace_.next()); }

  std::unique_ptr<Publisher> publisher_;
  const HttpTargetConfig config_;
  net::Loop& loop_;
  HttpClient& http_;
  RateBudget budget_;
  Pace pace_;
  Time closed_until_{};                      // by the platform's word to us
  Time gap_{std::chrono::milliseconds{50}};  // between the ends of two, while others wait
  Time last_end_{};                          // zero: others have not waited ever since
  PublicationQueue waiting_;
  List under_way_;       // with a request
  std::string trouble_;  // the last failure's reason; "" while it works
  std::string closed_;   // why it takes nothing any more, ever
  bool failing_ = false;
  Time failed_at_{};  // last
  bool introducing_ = false;
  bool pumping_ = false;
  std::optional<Time> last_deadline_;  // while draining
  std::optional<net::Loop::TimerId> timer_;
  std::optional<net::Loop::TimerId> drain_timer_;
};

}  // namespace pullwire::republisher
