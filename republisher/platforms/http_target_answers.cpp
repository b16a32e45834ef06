// What comes of requests. When they are made: http_target.cpp.
#include <utility>

#include "common/ops/log.hpp"
#include "common/ops/text.hpp"
#include "republisher/platforms/http_target.hpp"

namespace pullwire::republisher {
namespace {

constexpr int kMostAnew = 3;
/// A target that fails now and then is told of once.
constexpr net::Time kTellAgain = std::chrono::minutes{10};

bool says_later(long status) {
  return status == 408 || status == 425 || status >= 500;
}

/// What is said of it, if it did not work.
std::string* words_of(Step& step) {
  if (auto* refused = std::get_if<Refused>(&step)) return &refused->why;
  if (auto* later = std::get_if<TryAgain>(&step)) return &later->why;
  if (auto* ended = std::get_if<Anew>(&step)) return &ended->why;
  return nullptr;
}

/// Of a page with a title what that says; else all.
std::string_view words_in(std::string_view body) {
  const std::size_t begin = body.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos || body[begin] != '<') return body;
  constexpr std::string_view kTitle = "<title>";
  const std::string_view head = body.substr(0, 4096);
  const std::size_t title = head.find(kTitle);
  if (title == std::string_view::npos) return body;
  return head.substr(title + kTitle.size()).substr(0, head.substr(title + kTitle.size()).find('<'));
}

}  // namespace

std::string refusal(const HttpAnswer& answer) {
  constexpr std::size_t kMostWords = 300;
  std::string text = "HTTP " + std::to_string(answer.status);
  const std::string words = escaped(shortened(words_in(answer.body), kMostWords));
  if (!words.empty()) text.append(": ").append(words);
  return text;
}

Outcome HttpTarget::refused(const std::string& why) {
  return {.status = Status::Failed, .location = {}, .error = why, .retry_at = {}};
}

/// What the platform says here counts for the other republishers, too; what they have said is not
/// theirs to hear again.
void HttpTarget::hear(const std::function<void()>& answer) {
  const Time before = budget_.forbidden();
  answer();
  if (budget_.forbidden() > before) closed_until_ = budget_.forbidden();
}

void HttpTarget::answered(Place place, HttpAnswer answer) {
  const RateHint hint = read_rate_hint(answer, wall_clock());
  // Before words of it are shortened, which may cut a secret in two.
  if (answer.status < 200 || answer.status >= 300) {
    hide_secrets(publisher_->secrets(), answer.body);
  }
  if (!answer.answered()) {
    if (answer.sent) fence(*place);
    return fail(place, answer.failure, hint);
  }
  if (answer.status == 429) {
    hear([&] { budget_.throttled(loop_.now(), hint); });
    last_end_ = {};  // for how long it is closed says nothing of its pace
    trouble_ = kThrottled;
    return again(place, trouble_);
  }
  // A proxy that says so may have passed the request on.
  if (answer.status >= 500) fence(*place);
  if (says_later(answer.status) && !place->conversation->judges(answer.status)) {
    return fail(place, refusal(answer), hint);
  }
  take(place, answer, hint);
}

void HttpTarget::take(Place place, const HttpAnswer& answer, const RateHint& hint) {
  Step step = place->conversation->answered(answer);
  // A success that is none, and words that were written otherwise in the body (JSON), too.
  if (std::string* words = words_of(step)) hide_secrets(publisher_->secrets(), *words);
  if (const auto* later = std::get_if<TryAgain>(&step)) return fail(place, later->why, hint);
  if (const auto* ended = std::get_if<Anew>(&step)) return anew(place, ended->why, hint);
  if (place->document != nullptr && std::holds_alternative<HttpRequest>(step)) {
    // Who looks up well may be unable to publish all the same.
    hear([&] { budget_.begun_well(loop_.now(), hint); });
  } else if (place->document != nullptr) {  // an introduction says nothing of how publishing goes
    failing_ = false;
    trouble_.clear();
    hear([&] { budget_.served(loop_.now(), hint, place->begun); });
  } else if (const auto* no = std::get_if<Refused>(&step)) {
    return fail(place, no->why, hint);
  }
  if (auto* request = std::get_if<HttpRequest>(&step)) return go_on(place, std::move(*request));
  end(place, step);
}

/// At once, unless the platform has said when, or the ingestor is silent.
void HttpTarget::go_on(Place place, HttpRequest request) {
  const bool introduction = place->document == nullptr;
  if (introduction || (budget_.next() <= loop_.now() && PublicationQueue::may_begin(*place))) {
    return fetch(place, std::move(request));
  }
  place->next = std::move(request);
  again(place, trouble_);
}

void HttpTarget::end(Place place, Step& step) {
  if (place->document == nullptr) {
    introducing_ = false;
    under_way_.erase(place);
    return;
  }
  // A mean of the last ten or so.
  const Time now = loop_.now();
  if (!waiting_.empty() && last_end_ > Time::zero()) gap_ += (now - last_end_ - gap_) / 10;
  last_end_ = now;
  if (auto* published = std::get_if<Published>(&step)) {
    return finish(under_way_, place,
                  {.status = Status::Published,
                   .location = std::move(published->location),
                   .error = {},
                   .retry_at = {}});
  }
  const Refused& words = std::get<Refused>(step);
  const bool closes = words.everything && closed_.empty();
  if (closes) closed_ = words.why;
  finish(under_way_, place, refused(words.why));
  if (!closes) return;
  log_error("target is closed until this process is started again",
            {{"target", config_.name}, {"reason", closed_}});
  refuse_all();
}

void HttpTarget::refuse_all() {
  while (!waiting_.empty()) finish(waiting_.all(), waiting_.front(), refused(closed_));
}

void HttpTarget::fail(Place place, const std::string& why, const RateHint& hint) {
  if (!failing_ && (failed_at_ == Time{} || loop_.now() > failed_at_ + kTellAgain)) {
    log_warn("target fails; it is tried again", {{"target", config_.name}, {"reason", why}});
  }
  failing_ = true;
  failed_at_ = loop_.now();
  last_end_ = {};  // how long it fails says nothing of its pace
  trouble_ = why;
  hear([&] { budget_.failed(loop_.now(), hint, place->begun); });
  again(place, why);
}

/// No failure, unless it happens again and again.
void HttpTarget::anew(Place place, const std::string& why, const RateHint& hint) {
  if (++place->anews > kMostAnew) return fail(place, why, hint);
  again(place, why);
}

void HttpTarget::again(Place place, std::string why) {
  if (place->document == nullptr) {  // asked for once more when a publication is to begin
    introducing_ = false;
    under_way_.erase(place);
    return;
  }
  if (!closed_.empty()) return finish(under_way_, place, refused(closed_));
  place->trouble = std::move(why);
  if (last_deadline_) place->deadline = std::min(place->deadline, *last_deadline_);
  waiting_.take(under_way_, place);
}

/// What can only be found by looking for it must have come to its end before that. The deadline
/// is put off for it once: else what fails whenever it is tried would wait for ever.
void HttpTarget::fence(UnderWay& one) const {
  if (one.document == nullptr || !publisher_->looks_up() || !one.changes) return;
  one.not_before = std::max(one.not_before, one.begun + config_.limits.total + config_.dead_time);
  if (std::exchange(one.fenced, true)) return;
  one.deadline = std::max(one.deadline, one.not_before + patience(*one.document));
}

}  // namespace pullwire::republisher
