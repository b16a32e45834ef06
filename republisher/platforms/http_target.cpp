// When publications begin, and when they are put off. What comes of them: http_target_answers.cpp.
#include "republisher/platforms/http_target.hpp"

#include <algorithm>
#include <utility>

#include "common/net/identity.hpp"

namespace pullwire::republisher {
namespace {

using namespace std::chrono_literals;
using net::Time;

constexpr Time kWaitWhenDraining = 5s;
constexpr Time kAnswerWhenDraining = 10s;
constexpr Time kLookAgain = 100ms;
/// What travels alone keeps others from coming, so it does not wait for its turn.
constexpr Time kPatienceAlone = 1s;

constexpr std::string_view kTooSlow = "the target is too slow";
constexpr std::string_view kPaced = "its rate allows no more";

}  // namespace

HttpTarget::HttpTarget(std::unique_ptr<Publisher> publisher, HttpTargetConfig config,
                       net::Loop& loop, HttpClient& http)
    : publisher_{std::move(publisher)},
      config_{std::move(config)},
      loop_{loop},
      http_{http},
      budget_{config_.first_back_off, net::new_seed(), RateBudget::Use::AtOnce},
      pace_{config_.pace} {}

HttpTarget::~HttpTarget() {
  if (timer_) loop_.cancel(*timer_);
  if (drain_timer_) loop_.cancel(*drain_timer_);
  for (const UnderWay& one : under_way_) {
    if (one.request) http_.cancel(*one.request);
  }
}

void HttpTarget::publish(const Document& document, Done done) {
  if (!closed_.empty()) return done(refused(closed_));
  List list;
  UnderWay& one = list.emplace_back(UnderWay{.document = &document,
                                             .conversation = publisher_->converse(document),
                                             .done = std::move(done)});
  const Time now = loop_.now();
  // Whoever began it before may be at it still.
  if (document.redelivered && publisher_->looks_up()) {
    one.not_before = now + config_.limits.total + config_.dead_time - document.left_alone;
  }
  one.deadline = std::max(now, one.not_before) + patience(document);
  if (last_deadline_) one.deadline = std::min(one.deadline, *last_deadline_);
  if (waiting_.empty()) last_end_ = {};  // nothing has waited since
  waiting_.take(list, list.begin());
  pump();
}

HttpTarget::Time HttpTarget::patience(const Document& document) const {
  return document.alone ? std::min<Time>(kPatienceAlone, config_.defer_after)
                        : Time{config_.defer_after};
}

std::string HttpTarget::trouble() const {
  if (!closed_.empty()) return closed_;
  return failing_ ? trouble_ : "";
}

HttpTarget::Time HttpTarget::closed_for() const {
  return std::max(Time::zero(), closed_until_ - loop_.now());
}

void HttpTarget::close_for(Time time) {
  if (loop_.now() + time <= budget_.next()) return;
  budget_.forbid(loop_.now(), time);
  last_end_ = {};
  if (trouble_.empty()) trouble_ = kThrottled;
  pump();
}

void HttpTarget::share(std::size_t republishers) {
  pace_.share(republishers, loop_.now());
  pump();
}

void HttpTarget::drain() {
  last_deadline_ = loop_.now() + kWaitWhenDraining;
  const auto hasten = [this](UnderWay& one) {
    one.deadline = std::min(one.deadline, *last_deadline_);
  };
  std::for_each(waiting_.all().begin(), waiting_.all().end(), hasten);
  std::for_each(under_way_.begin(), under_way_.end(), hasten);
  drain_timer_ = loop_.at(loop_.now() + kAnswerWhenDraining, [this] {
    drain_timer_.reset();
    give_up_answers();
  });
  pump();
}

/// What is asked of a platform may have been done, or not: it comes again.
void HttpTarget::give_up_answers() {
  while (!under_way_.empty()) {
    const Place place = under_way_.begin();
    http_.cancel(*place->request);
    if (place->document == nullptr) {
      under_way_.erase(place);
      continue;
    }
    fence(*place);
    place->trouble = "asked to end while it waited for the answer";
    defer(under_way_, place, place->not_before, "");
  }
}

void HttpTarget::pump() {
  if (pumping_) return;  // what ends within goes on behind
  pumping_ = true;
  while (!waiting_.empty() && step()) {
  }
  pumping_ = false;
  set_timer();
}

/// Begins one that may begin, or defers one that cannot in time. Returns whether there was one.
bool HttpTarget::step() {
  const Time now = loop_.now();
  const Time opens = this->opens();
  const Place front = waiting_.front();
  const Time begins = std::max(opens, front->not_before);
  if (now >= front->deadline || (begins >= front->deadline && begins != Pace::kNever)) {
    defer(waiting_.all(), front, begins, pace_.any() ? kPaced : kTooSlow);
    return true;
  }
  if (opens > now || introducing_ || under_way_.size() >= allowed()) return false;
  if (auto introduction = publisher_->introduce()) {
    introduce(std::move(introduction));
    return false;
  }
  const Place next = waiting_.next(now);
  if (next == waiting_.all().end()) return false;
  begin(next);
  return true;
}

void HttpTarget::set_timer() {
  if (timer_) loop_.cancel(*timer_);
  timer_.reset();
  if (waiting_.empty()) return;
  Time when = waiting_.front()->deadline;
  if (!introducing_ && under_way_.size() < allowed()) {
    const Time begins = opens() > loop_.now() ? opens() : waiting_.earliest();
    // What could begin and has not waits for its ingestor to be heard.
    when = std::min(when, begins > loop_.now() ? begins : loop_.now() + kLookAgain);
  }
  timer_ = loop_.at(when, [this] {
    timer_.reset();
    pump();
  });
}

void HttpTarget::introduce(std::unique_ptr<Conversation> introduction) {
  introducing_ = true;
  under_way_.push_back({.document = nullptr, .conversation = std::move(introduction)});
  const Place place = std::prev(under_way_.end());
  fetch(place, place->conversation->begin());
}

void HttpTarget::begin(Place place) {
  under_way_.splice(under_way_.end(), waiting_.all(), place);
  if (place->next) return fetch(place, *std::exchange(place->next, std::nullopt));
  ++place->tries;
  pace_.begun(loop_.now());
  fetch(place, place->conversation->begin());
}

void HttpTarget::fetch(Place place, HttpRequest request) {
  place->begun = loop_.now();
  place->changes = request.method != "GET";
  place->request =
      http_.fetch(std::move(request), config_.limits, [this, place](HttpAnswer answer) {
        place->request.reset();
        answered(place, std::move(answer));
        pump();
      });
}

bool HttpTarget::defer(const Document& document, std::string_view reason) {
  const auto place = waiting_.find(document);
  if (!place) return false;
  defer(waiting_.all(), *place, std::max(opens(), (*place)->not_before), reason);
  return true;
}

/// How long to leave it alone with a publication that is deferred: while it fails, `defer_after` at
/// least; else until those before it have had their turn, at the pace of the last ones.
HttpTarget::Time HttpTarget::rest() const {
  if (failing_) return config_.defer_after;
  return gap_ * static_cast<Time::rep>(waiting_.all().size());
}

/// Until `earliest`, if that is known and far enough. `otherwise`: the reason if there is no other.
void HttpTarget::defer(List& from, Place place, Time earliest, std::string_view otherwise) {
  const Time now = loop_.now();
  if (earliest == Pace::kNever) earliest = place->not_before;  // which holds all the same
  earliest = std::max({earliest, now + rest(), budget_.next()});
  const auto wait =
      std::chrono::duration_cast<std::chrono::microseconds>(pace_.come_back(earliest, gap_) - now);
  std::string why = std::move(place->trouble);
  if (why.empty()) why = trouble_.empty() ? otherwise : trouble_;
  finish(from, place,
         {.status = Status::Deferred,
          .location = {},
          .error = std::move(why),
          .retry_at = Timestamp{wall_clock().micros + wait.count()}});
}

void HttpTarget::finish(List& from, Place place, Outcome outcome) {
  const Done done = std::move(place->done);
  from.erase(place);
  done(std::move(outcome));
}

}  // namespace pullwire::republisher
