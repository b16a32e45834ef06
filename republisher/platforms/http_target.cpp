#include "republisher/platforms/http_target.hpp"

#include <algorithm>
#include <list>
#include <map>
#include <optional>
#include <utility>

#include "common/net/identity.hpp"
#include "common/ops/rate_budget.hpp"
#include "common/ops/text.hpp"

namespace pullwire::republisher {
namespace {

using net::Time;

bool says_later(long status) {
  return status == 408 || status == 425 || status == 429 || status >= 500;
}

class HttpTarget final : public Target {
 public:
  HttpTarget(std::unique_ptr<Publisher> publisher, HttpTargetConfig config, net::Loop& loop,
             HttpClient& http)
      : publisher_{std::move(publisher)},
        config_{std::move(config)},
        loop_{loop},
        http_{http},
        budget_{config_.first_back_off, net::new_seed()} {}
  ~HttpTarget() override;

  std::optional<Outcome> prepare(const Document& /*document*/) override { return std::nullopt; }
  void publish(const Document& document, Done done) override;

 private:
  struct Entry {
    std::unique_ptr<Conversation> conversation;
    Done done;
    Time deadline;        // to be deferred then, unless a request is under way
    std::string trouble;  // why it has not worked yet
    std::optional<HttpClient::Id> request;
  };
  using Place = std::list<Entry>::iterator;

  void pump();
  void begin(Place place);
  void fetch(Place place, HttpRequest request);
  void answered(Place place, const HttpAnswer& answer);
  void take(Place place, const HttpAnswer& answer, const RateHint& hint);
  void again(Place place, std::string why);
  void defer(Place place, Time until);
  void end(Place place, Outcome outcome);
  void set_timer();

  [[nodiscard]] std::size_t allowed() const { return failing_ ? 1 : config_.connections; }

  std::unique_ptr<Publisher> publisher_;
  const HttpTargetConfig config_;
  net::Loop& loop_;
  HttpClient& http_;
  RateBudget budget_;
  std::list<Entry> waiting_;    // in the order of their deadlines
  std::list<Entry> under_way_;  // with a request
  std::string trouble_;         // the last failure's reason
  bool failing_ = false;
  bool pumping_ = false;
  std::optional<net::Loop::TimerId> timer_;
};

HttpTarget::~HttpTarget() {
  if (timer_) loop_.cancel(*timer_);
  for (const Entry& entry : under_way_) {
    if (entry.request) http_.cancel(*entry.request);
  }
}

void HttpTarget::publish(const Document& document, Done done) {
  waiting_.push_back({.conversation = publisher_->converse(document),
                      .done = std::move(done),
                      .deadline = loop_.now() + config_.defer_after,
                      .trouble = {},
                      .request = {}});
  pump();
}

/// Begins what may begin, defers what cannot in time.
void HttpTarget::pump() {
  if (pumping_) return;  // what ends within goes on behind
  pumping_ = true;
  while (!waiting_.empty()) {
    const Time now = loop_.now();
    const Time next = std::max(now, budget_.next());
    const Place first = waiting_.begin();
    if (next >= first->deadline) {
      defer(first, next > now ? next : now + config_.defer_after);
    } else if (next == now && under_way_.size() < allowed()) {
      begin(first);
    } else {
      break;
    }
  }
  pumping_ = false;
  set_timer();
}

void HttpTarget::set_timer() {
  if (timer_) loop_.cancel(*timer_);
  timer_.reset();
  if (waiting_.empty()) return;
  Time when = waiting_.front().deadline;
  if (under_way_.size() < allowed()) when = std::min(when, budget_.next());
  timer_ = loop_.at(when, [this] {
    timer_.reset();
    pump();
  });
}

void HttpTarget::begin(Place place) {
  under_way_.splice(under_way_.end(), waiting_, place);
  fetch(place, place->conversation->begin());
}

void HttpTarget::fetch(Place place, HttpRequest request) {
  place->request =
      http_.fetch(std::move(request), config_.limits, [this, place](HttpAnswer answer) {
        place->request.reset();
        answered(place, answer);
        pump();
      });
}

void HttpTarget::answered(Place place, const HttpAnswer& answer) {
  const RateHint hint = read_rate_hint(answer, wall_clock());
  const Time now = loop_.now();
  if (answer.answered() && !says_later(answer.status)) return take(place, answer, hint);
  if (answer.status == 429) {
    budget_.throttled(now, hint);
    return again(place, "asked too often (HTTP 429)");
  }
  failing_ = true;
  budget_.failed(now, hint);
  trouble_ = answer.answered() ? refusal(answer) : answer.failure;
  again(place, trouble_);
}

void HttpTarget::take(Place place, const HttpAnswer& answer, const RateHint& hint) {
  failing_ = false;
  trouble_.clear();
  budget_.served(loop_.now(), hint);
  Step step = place->conversation->answered(answer);
  if (auto* request = std::get_if<HttpRequest>(&step)) return fetch(place, std::move(*request));
  if (auto* published = std::get_if<Published>(&step)) {
    return end(place, {.status = Status::Published,
                       .location = std::move(published->location),
                       .error = {},
                       .retry_at = {}});
  }
  if (auto* refused = std::get_if<Refused>(&step)) {
    return end(place, {.status = Status::Failed,
                       .location = {},
                       .error = std::move(refused->why),
                       .retry_at = {}});
  }
  budget_.failed(loop_.now(), hint);
  again(place, std::move(std::get<TryAgain>(step).why));
}

/// Back to where its turn is.
void HttpTarget::again(Place place, std::string why) {
  place->trouble = std::move(why);
  const Place before = std::find_if(waiting_.begin(), waiting_.end(), [&](const Entry& other) {
    return other.deadline > place->deadline;
  });
  waiting_.splice(before, under_way_, place);
}

void HttpTarget::defer(Place place, Time until) {
  const auto wait = std::chrono::duration_cast<std::chrono::microseconds>(until - loop_.now());
  std::string why = std::move(place->trouble);
  if (why.empty()) why = trouble_.empty() ? "the target is too slow" : trouble_;
  Done done = std::move(place->done);
  waiting_.erase(place);
  done({.status = Status::Deferred,
        .location = {},
        .error = std::move(why),
        .retry_at = Timestamp{wall_clock().micros + std::max<std::int64_t>(wait.count(), 0)}});
}

void HttpTarget::end(Place place, Outcome outcome) {
  Done done = std::move(place->done);
  under_way_.erase(place);
  done(std::move(outcome));
}

}  // namespace

std::string refusal(const HttpAnswer& answer) {
  constexpr std::size_t kMostWords = 300;
  std::string text = "HTTP " + std::to_string(answer.status);
  const std::string words = escaped(shortened(answer.body, kMostWords));
  if (!words.empty()) text.append(": ").append(words);
  return text;
}

std::unique_ptr<Target> make_http_target(std::unique_ptr<Publisher> publisher,
                                         HttpTargetConfig config, net::Loop& loop,
                                         HttpClient& http) {
  return std::make_unique<HttpTarget>(std::move(publisher), std::move(config), loop, http);
}

}  // namespace pullwire::republisher
