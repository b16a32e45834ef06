#include "republisher/platforms/http_target.hpp"

#include <algorithm>
#include <list>
#include <optional>
#include <utility>

#include "common/net/identity.hpp"
#include "common/ops/rate_budget.hpp"
#include "common/ops/text.hpp"

namespace pullwire::republisher {
namespace {

using namespace std::chrono_literals;
using net::Time;

constexpr Time kWaitWhenDraining = 5s;
constexpr Time kAnswerWhenDraining = 10s;

bool says_later(long status) {
  return status == 408 || status == 425 || status >= 500;
}

class HttpTarget final : public Target {
 public:
  HttpTarget(std::unique_ptr<Publisher> publisher, HttpTargetConfig config, net::Loop& loop,
             HttpClient& http)
      : publisher_{std::move(publisher)},
        config_{std::move(config)},
        loop_{loop},
        http_{http},
        budget_{config_.first_back_off, net::new_seed(), RateBudget::Use::AtOnce} {}
  ~HttpTarget() override;

  std::optional<Outcome> prepare(const Document& /*document*/) override { return std::nullopt; }
  void publish(const Document& document, Done done) override;
  void drain() override;

 private:
  struct Entry {
    std::unique_ptr<Conversation> conversation;
    Done done;
    Time deadline;        // to be deferred then, unless a request is under way
    std::string trouble;  // why it has not worked yet
    int tries = 0;
    Time begun{};  // of the request under way
    std::optional<HttpClient::Id> request{};
  };
  using Place = std::list<Entry>::iterator;

  void pump();
  void begin(Place place);
  void fetch(Place place, HttpRequest request);
  void answered(Place place, HttpAnswer answer);
  void take(Place place, const HttpAnswer& answer, const RateHint& hint);
  void fail(Place place, const std::string& why, const RateHint& hint);
  void again(Place place, std::string why);
  void defer(std::list<Entry>& from, Place place, Time until);
  void end(Place place, Outcome outcome);
  void set_timer();
  void give_up_answers();

  [[nodiscard]] std::size_t allowed() const { return failing_ ? 1 : config_.connections; }
  [[nodiscard]] Place least_tried() {
    return std::min_element(waiting_.begin(), waiting_.end(),
                            [](const Entry& a, const Entry& b) { return a.tries < b.tries; });
  }

  std::unique_ptr<Publisher> publisher_;
  const HttpTargetConfig config_;
  net::Loop& loop_;
  HttpClient& http_;
  RateBudget budget_;
  std::list<Entry> waiting_;    // in the order of their deadlines
  std::list<Entry> under_way_;  // with a request
  std::string trouble_;         // the last failure's reason; "" while it works
  bool failing_ = false;
  bool pumping_ = false;
  std::optional<Time> last_deadline_;  // while draining
  std::optional<net::Loop::TimerId> timer_;
  std::optional<net::Loop::TimerId> drain_timer_;
};

HttpTarget::~HttpTarget() {
  if (timer_) loop_.cancel(*timer_);
  if (drain_timer_) loop_.cancel(*drain_timer_);
  for (const Entry& entry : under_way_) {
    if (entry.request) http_.cancel(*entry.request);
  }
}

void HttpTarget::publish(const Document& document, Done done) {
  const Time deadline = loop_.now() + config_.defer_after;
  waiting_.push_back({.conversation = publisher_->converse(document),
                      .done = std::move(done),
                      .deadline = last_deadline_ ? std::min(deadline, *last_deadline_) : deadline,
                      .trouble = {}});
  pump();
}

void HttpTarget::drain() {
  last_deadline_ = loop_.now() + kWaitWhenDraining;
  for (Entry& entry : waiting_) entry.deadline = std::min(entry.deadline, *last_deadline_);
  for (Entry& entry : under_way_) entry.deadline = std::min(entry.deadline, *last_deadline_);
  drain_timer_ = loop_.at(loop_.now() + kAnswerWhenDraining, [this] {
    drain_timer_.reset();
    give_up_answers();
  });
  pump();
}

/// What is asked of a platform may have been done, or not: it comes again.
void HttpTarget::give_up_answers() {
  for (Place place = under_way_.begin(); place != under_way_.end();) {
    const Place next = std::next(place);
    http_.cancel(*place->request);
    place->trouble = "asked to end while it waited for the answer";
    defer(under_way_, place, loop_.now());
    place = next;
  }
}

/// Begins what may begin, defers what cannot in time.
void HttpTarget::pump() {
  if (pumping_) return;  // what ends within goes on behind
  pumping_ = true;
  while (!waiting_.empty()) {
    const Time now = loop_.now();
    const Time next = std::max(now, budget_.next());
    if (next >= waiting_.front().deadline) {
      defer(waiting_, waiting_.begin(), next > now ? next : now + config_.defer_after);
    } else if (next == now && under_way_.size() < allowed()) {
      begin(least_tried());
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
  ++place->tries;
  fetch(place, place->conversation->begin());
}

void HttpTarget::fetch(Place place, HttpRequest request) {
  place->begun = loop_.now();
  place->request =
      http_.fetch(std::move(request), config_.limits, [this, place](HttpAnswer answer) {
        place->request.reset();
        answered(place, std::move(answer));
        pump();
      });
}

void HttpTarget::answered(Place place, HttpAnswer answer) {
  const RateHint hint = read_rate_hint(answer, wall_clock());
  // Before words of it are shortened, which may cut a secret in two.
  if (answer.status < 200 || answer.status >= 300) {
    hide_secrets(publisher_->secrets(), answer.body);
  }
  if (!answer.answered()) return fail(place, answer.failure, hint);
  if (answer.status == 429) {
    budget_.throttled(loop_.now(), hint);
    trouble_ = "asked too often (HTTP 429)";
    return again(place, trouble_);
  }
  if (says_later(answer.status) && !place->conversation->judges(answer.status)) {
    return fail(place, refusal(answer), hint);
  }
  take(place, answer, hint);
}

void HttpTarget::take(Place place, const HttpAnswer& answer, const RateHint& hint) {
  Step step = place->conversation->answered(answer);
  if (const auto* later = std::get_if<TryAgain>(&step)) return fail(place, later->why, hint);
  failing_ = false;
  trouble_.clear();
  budget_.served(loop_.now(), hint, place->begun);
  if (auto* request = std::get_if<HttpRequest>(&step)) return fetch(place, std::move(*request));
  if (auto* published = std::get_if<Published>(&step)) {
    return end(place, {.status = Status::Published,
                       .location = std::move(published->location),
                       .error = {},
                       .retry_at = {}});
  }
  end(place, {.status = Status::Failed,
              .location = {},
              .error = std::move(std::get<Refused>(step).why),
              .retry_at = {}});
}

void HttpTarget::fail(Place place, const std::string& why, const RateHint& hint) {
  failing_ = true;
  trouble_ = why;
  budget_.failed(loop_.now(), hint, place->begun);
  again(place, why);
}

/// Back to where its deadline puts it.
void HttpTarget::again(Place place, std::string why) {
  place->trouble = std::move(why);
  const Place before = std::find_if(waiting_.begin(), waiting_.end(), [&](const Entry& other) {
    return other.deadline > place->deadline;
  });
  waiting_.splice(before, under_way_, place);
}

void HttpTarget::defer(std::list<Entry>& from, Place place, Time until) {
  const auto wait = std::chrono::duration_cast<std::chrono::microseconds>(until - loop_.now());
  std::string why = std::move(place->trouble);
  if (why.empty()) why = trouble_.empty() ? "the target is too slow" : trouble_;
  Done done = std::move(place->done);
  from.erase(place);
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
