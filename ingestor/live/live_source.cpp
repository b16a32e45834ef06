#include "ingestor/live/live_source.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "common/net/identity.hpp"
#include "common/ops/log.hpp"
#include "common/ops/rate_budget.hpp"
#include "ingestor/live/fitted_post.hpp"

namespace pullwire::ingestor {
namespace {

using namespace std::chrono_literals;

constexpr Time kReadingHangs = 60s;
constexpr Time kFirstBackOff = 1s;
constexpr int kFailuresOfAPage = 8;  // in a row, before it is given up
constexpr std::size_t kSignInBytes = std::size_t{256} * 1024;
constexpr int kEmptyPages = 16;       // in a row that are asked for without a rest
constexpr const char* kAddress = "";  // under which a position has the platform's address

/// An answer, and what the worker makes of it.
struct Reading {
  HttpAnswer answer{};
  Platform::Page page{};
  std::string error{};
  bool session_ended = false;
};

/// Takes the secrets out of what a server says.
void hide(const std::vector<std::string>& secrets, std::string& said) {
  constexpr std::string_view kHidden = "***";
  for (const std::string& secret : secrets) {
    if (secret.empty()) continue;
    for (std::size_t at = said.find(secret); at != std::string::npos;
         at = said.find(secret, at + kHidden.size())) {
      said.replace(at, secret.size(), kHidden);
    }
  }
}

class LiveSource final : public Source {
 public:
  LiveSource(std::string name, std::shared_ptr<Platform> platform, LiveConfig config,
             Outside& outside);
  ~LiveSource() override;

  std::string_view name() const override { return name_; }
  Identity identity() const override { return Identity::Ids; }
  std::optional<Time> pull(Time now, std::size_t wanted, Sink& sink) override;
  std::string position() const override;
  std::string cursor(std::string_view position) const override { return std::string{position}; }
  void resume(std::string_view cursor) override;
  void on_news(std::function<void()> news) override { news_ = std::move(news); }

 private:
  struct Stream {
    std::string name;
    std::string place;
    RateBudget trouble;  // its own: of answers that cannot be used
    Time due{};
    int failures = 0;  // of its page, in a row
    int empty_pages = 0;
    bool over = false;
  };

  void tell(Sink& sink);
  std::size_t give(std::size_t wanted, Sink& sink);
  [[nodiscard]] Time due(const Stream& stream) const {
    return std::max(stream.due, stream.trouble.next());
  }
  Stream* next_stream();
  void ask(Sink& sink);
  void fetch(HttpRequest request, std::size_t stream, bool signing_in);
  void answered(HttpAnswer answer, std::size_t stream, bool signing_in);
  void read(std::shared_ptr<Reading> reading, std::size_t stream);
  void done(Reading& reading, std::size_t stream);
  void refused(Reading& reading, std::size_t stream);
  void fail(const std::string& why, const RateHint& hint, std::size_t stream);
  void give_page_up(Stream& stream);
  [[nodiscard]] RateHint hint_of(const HttpAnswer& answer) const {
    return read_rate_hint(answer, wall_clock());
  }

  const std::string name_;
  const std::shared_ptr<Platform> platform_;
  const LiveConfig config_;
  Outside& outside_;
  RateBudget budget_;
  std::vector<Stream> streams_;
  std::size_t turn_ = 0;  // the stream that is looked at first

  // The page in hand.
  std::optional<Platform::Page> page_;
  std::size_t page_stream_ = 0;
  std::size_t given_ = 0;

  bool busy_ = false;  // a request or a reading is under way
  std::optional<HttpClient::Id> request_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::function<void()> news_ = [] {};
  std::vector<std::string> errors_;  // not told yet
  bool worked_ = false;              // not told yet: an answer could be read
};

LiveSource::LiveSource(std::string name, std::shared_ptr<Platform> platform, LiveConfig config,
                       Outside& outside)
    : name_{std::move(name)},
      platform_{std::move(platform)},
      config_{std::move(config)},
      outside_{outside},
      budget_{std::min<Time>(kFirstBackOff, config_.interval), net::new_seed()} {
  for (const std::string& stream : platform_->streams()) {
    streams_.push_back(
        {.name = stream,
         .place = platform_->begin({}),
         .trouble = {std::min<Time>(kFirstBackOff, config_.interval), net::new_seed()}});
  }
}

LiveSource::~LiveSource() {
  *alive_ = false;
  if (request_) outside_.http.cancel(*request_);
}

std::optional<Time> LiveSource::pull(Time now, std::size_t wanted, Sink& sink) {
  tell(sink);
  if (give(wanted, sink) >= wanted) return now;
  if (busy_) return kWhenNews;
  const Stream* const stream = next_stream();
  if (stream == nullptr) return std::nullopt;
  const Time when = std::max(due(*stream), budget_.next());
  if (when > now) return when;
  ask(sink);
  return kWhenNews;
}

void LiveSource::tell(Sink& sink) {
  for (const std::string& error : std::exchange(errors_, {})) sink.error(error);
  if (std::exchange(worked_, false)) sink.works();
}

/// Gives posts of the page in hand; returns how many.
std::size_t LiveSource::give(std::size_t wanted, Sink& sink) {
  if (!page_) return 0;
  if (given_ == 0) {
    for (const auto& [where, why] : std::exchange(page_->skipped, {})) sink.skipped(where, why);
    for (const std::string& id : std::exchange(page_->old, {})) sink.old(live_post_id(name_, id));
  }
  const std::string position = this->position();
  const Timestamp now = wall_clock();
  std::size_t given = 0;
  for (; given < wanted && given_ < page_->posts.size(); ++given, ++given_) {
    const FoundPost& found = page_->posts[given_];
    const FittedPost fitted{name_, found, now};
    sink.post(fitted.post(),
              {.repost = found.repost,
               .reply = found.reply,
               .matches = platform_->searches_hashtags(),
               .again = true},
              position);
  }
  if (given_ == page_->posts.size()) {
    Stream& stream = streams_[page_stream_];
    if (stream.place != page_->place) sink.moved();
    stream.place = std::move(page_->place);
    stream.over = page_->over;
    page_.reset();
  }
  return given;
}

/// The one that has been due for longest among those that go on.
LiveSource::Stream* LiveSource::next_stream() {
  Stream* next = nullptr;
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    Stream& stream = streams_[(turn_ + i) % streams_.size()];
    if (!stream.over && (next == nullptr || due(stream) < due(*next))) next = &stream;
  }
  return next;
}

void LiveSource::ask(Sink& sink) {
  const Stream& stream = *next_stream();
  const auto index = static_cast<std::size_t>(&stream - streams_.data());
  sink.requested();
  if (auto request = platform_->sign_in()) return fetch(std::move(*request), index, true);
  fetch(platform_->request(stream.name, stream.place, wall_clock()), index, false);
}

void LiveSource::fetch(HttpRequest request, std::size_t stream, bool signing_in) {
  busy_ = true;
  HttpLimits limits = config_.limits;
  limits.redirects = platform_->redirects();
  if (signing_in) limits.body_bytes = kSignInBytes;
  request_ = outside_.http.fetch(std::move(request), limits,
                                 [this, stream, signing_in](HttpAnswer answer) {
                                   request_.reset();
                                   answered(std::move(answer), stream, signing_in);
                                 });
}

void LiveSource::answered(HttpAnswer answer, std::size_t stream, bool signing_in) {
  const RateHint hint = hint_of(answer);
  if (!answer.answered()) return fail(answer.failure, hint, stream);
  if (answer.status == 429) {
    busy_ = false;
    budget_.throttled(outside_.loop.now(), hint);
    const auto wait = std::chrono::ceil<std::chrono::seconds>(budget_.next() - outside_.loop.now());
    const Timestamp next{wall_clock().micros + std::chrono::microseconds{wait}.count()};
    errors_.push_back("asked too often (HTTP 429); the next request is made at " +
                      to_text(next).substr(0, 19) + "Z");
    return news_();
  }
  if (answer.status >= 500) {
    // What a platform cannot do again and again, while it does not say that it is down.
    if (answer.status == 500 && !signing_in) give_page_up(streams_[stream]);
    return fail("the server failed: HTTP " + std::to_string(answer.status), hint, stream);
  }
  if (!signing_in) {
    return read(std::make_shared<Reading>(Reading{.answer = std::move(answer)}), stream);
  }
  if (answer.status != 200) hide(platform_->secrets(), answer.body);
  try {
    platform_->signed_in(answer);
  } catch (const BadAnswer& bad) {
    return fail(bad.what(), hint, stream);
  }
  busy_ = false;
  news_();
}

void LiveSource::read(std::shared_ptr<Reading> reading, std::size_t stream) {
  const Stream& from = streams_[stream];
  outside_.reader.add({.work =
                           [reading, platform = platform_, name = from.name, place = from.place,
                            secrets = platform_->secrets()] {
                             // Before words of it are shortened, which may cut a secret in two.
                             if (reading->answer.status != 200) hide(secrets, reading->answer.body);
                             try {
                               reading->page = platform->read(reading->answer, name, place);
                             } catch (const SessionEnded& bad) {
                               reading->error = bad.what();
                               reading->session_ended = true;
                             } catch (const std::exception& bad) {
                               reading->error = bad.what();
                             }
                             hide(secrets, reading->error);
                           },
                       .done =
                           [this, reading, stream, alive = alive_] {
                             if (*alive) done(*reading, stream);
                           },
                       .name = name_});
}

void LiveSource::done(Reading& reading, std::size_t stream) {
  const RateHint hint = hint_of(reading.answer);
  if (reading.session_ended) platform_->signed_out();
  if (!reading.error.empty()) return refused(reading, stream);
  const Time now = outside_.loop.now();
  busy_ = false;
  worked_ = reading.page.damage.empty() || reading.page.over;
  budget_.served(now, hint);
  Stream& from = streams_[stream];
  from.failures = 0;
  from.trouble.served(now, {});
  from.empty_pages = reading.page.posts.empty() ? from.empty_pages + 1 : 0;
  const bool at_once = reading.page.more && from.empty_pages < kEmptyPages;
  Time rest = at_once ? Time{} : config_.interval;
  if (reading.page.rest) rest = std::max<Time>(rest, *reading.page.rest);
  from.due = now + rest;
  turn_ = (stream + 1) % streams_.size();
  if (reading.page.over) {  // as it should: no trouble that lasts
    reading.page.skipped.push_back({name_, reading.page.damage});
  } else if (!reading.page.damage.empty()) {
    errors_.push_back(reading.page.damage);
  }
  page_ = std::move(reading.page);
  page_stream_ = stream;
  given_ = 0;
  news_();
}

/// The platform works; what this stream asks for does not.
void LiveSource::refused(Reading& reading, std::size_t stream) {
  const Time now = outside_.loop.now();
  busy_ = false;
  budget_.served(now, hint_of(reading.answer));
  streams_[stream].trouble.failed(now, {});
  give_page_up(streams_[stream]);
  turn_ = (stream + 1) % streams_.size();
  errors_.push_back(streams_.size() > 1 ? streams_[stream].name + ": " + reading.error
                                        : reading.error);
  news_();
}

/// After several failures in a row it is begun again without its page.
void LiveSource::give_page_up(Stream& stream) {
  if (++stream.failures % kFailuresOfAPage == 0) {
    stream.place = platform_->without_page(stream.place);
  }
}

/// The platform does not work: all streams wait, and another one is the first to try.
void LiveSource::fail(const std::string& why, const RateHint& hint, std::size_t stream) {
  busy_ = false;
  budget_.failed(outside_.loop.now(), hint);
  streams_[stream].due = outside_.loop.now();
  turn_ = (stream + 1) % streams_.size();
  errors_.push_back(why);
  news_();
}

std::string LiveSource::position() const {
  nlohmann::json places{{kAddress, platform_->address()}};
  for (const Stream& stream : streams_) {
    if (!stream.place.empty()) places[stream.name] = stream.place;
  }
  return places.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void LiveSource::resume(std::string_view cursor) {
  const auto json = nlohmann::json::parse(cursor, nullptr, false);
  std::map<std::string, std::string> stored;
  if (json.is_object()) {
    for (const auto& [name, place] : json.items()) {
      if (place.is_string()) stored[name] = place.get<std::string>();
    }
  }
  const auto address = stored.extract(kAddress);
  if (!address.empty() && address.mapped() != platform_->address()) {
    log_warn("a source's address has changed; it begins anew, as backfill says",
             {{"source", name_}, {"before", address.mapped()}});
    stored.clear();
  }
  for (Stream& stream : streams_) {
    const auto found = stored.find(stream.name);
    stream.place = found != stored.end() ? found->second : platform_->begin(stored);
  }
}

}  // namespace

Outside::Outside(net::Loop& the_loop)
    : loop{the_loop},
      http{the_loop},
      reader{the_loop, kReadingHangs, [](const std::string& name) {
               log_error("ended: reading an answer takes too long", {{"source", name}});
               ::_exit(1);
             }} {}

std::unique_ptr<Source> make_live_source(std::string name, std::shared_ptr<Platform> platform,
                                         LiveConfig config, Outside& outside) {
  return std::make_unique<LiveSource>(std::move(name), std::move(platform), std::move(config),
                                      outside);
}

}  // namespace pullwire::ingestor
