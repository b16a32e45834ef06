#include "ingestor/live/live_source.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/net/identity.hpp"
#include "common/ops/log.hpp"
#include "common/ops/rate_budget.hpp"
#include "ingestor/live/fitted_post.hpp"

namespace pullwire::ingestor {
namespace {

using namespace std::chrono_literals;

constexpr Time kFirstBackOff = 1s;
constexpr int kFailuresOfAPage = 8;  // in a row, before it is given up
constexpr std::size_t kSkipsTold = 1000;
constexpr int kEmptyPages = 16;       // in a row that are asked for without a rest
constexpr const char* kAddress = "";  // under which a position has the platform's address

class LiveSource final : public Source {
 public:
  LiveSource(std::string name, std::shared_ptr<Platform> platform, LiveConfig config,
             Outside& outside);

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
    bool in_trouble = false;  // what was told last of it
    bool over = false;
  };

  void tell(Sink& sink);
  void tell_skipped(const std::vector<Platform::Skipped>& skipped, Sink& sink);
  std::size_t give(std::size_t wanted, Sink& sink);
  [[nodiscard]] Time due(const Stream& stream) const {
    return std::max(stream.due, stream.trouble.next());
  }
  Stream* next_stream();
  void ask(Sink& sink);
  void take(Finding finding, std::size_t stream);
  void take_page(Platform::Page page, std::size_t stream);
  void give_page_up(Stream& stream);

  const std::string name_;
  const std::shared_ptr<Platform> platform_;
  const LiveConfig config_;
  Outside& outside_;
  LiveInquiry inquiry_;
  RateBudget budget_;
  std::vector<Stream> streams_;
  std::size_t turn_ = 0;  // the stream that is looked at first

  // The page in hand.
  std::optional<Platform::Page> page_;
  std::size_t page_stream_ = 0;
  std::size_t given_ = 0;

  bool session_is_new_ = false;  // it has brought nothing yet
  std::function<void()> news_ = [] {};
  std::vector<std::string> errors_;  // not told yet
  std::set<std::string> skips_told_;
  bool worked_ = false;  // not told yet: an answer could be read
};

LiveSource::LiveSource(std::string name, std::shared_ptr<Platform> platform, LiveConfig config,
                       Outside& outside)
    : name_{std::move(name)},
      platform_{std::move(platform)},
      config_{std::move(config)},
      outside_{outside},
      inquiry_{name_, platform_, config_.limits, outside},
      budget_{std::min<Time>(kFirstBackOff, config_.interval), net::new_seed()} {
  for (const std::string& stream : platform_->streams()) {
    streams_.push_back(
        {.name = stream,
         .place = platform_->begin({}),
         .trouble = {std::min<Time>(kFirstBackOff, config_.interval), net::new_seed()}});
  }
}

std::optional<Time> LiveSource::pull(Time now, std::size_t wanted, Sink& sink) {
  tell(sink);
  if (give(wanted, sink) >= wanted) return now;
  if (inquiry_.busy()) return kWhenNews;
  const Stream* const stream = next_stream();
  if (stream == nullptr) return std::nullopt;
  const Time when = std::max(due(*stream), budget_.next());
  if (when > now) return when;
  ask(sink);
  return kWhenNews;
}

void LiveSource::tell(Sink& sink) {
  for (const std::string& error : std::exchange(errors_, {})) sink.error(error);
  const bool in_trouble = std::any_of(streams_.begin(), streams_.end(),
                                      [](const Stream& stream) { return stream.in_trouble; });
  if (std::exchange(worked_, false) && !in_trouble) sink.works();
}

/// What is in a document at every look is told once.
void LiveSource::tell_skipped(const std::vector<Platform::Skipped>& skipped, Sink& sink) {
  for (const auto& [where, why] : skipped) {
    if (skips_told_.size() >= kSkipsTold) skips_told_.clear();
    if (skips_told_.insert(where + '\n' + why).second) sink.skipped(where, why);
  }
}

/// Gives posts of the page in hand; returns how many.
std::size_t LiveSource::give(std::size_t wanted, Sink& sink) {
  if (!page_) return 0;
  if (given_ == 0) {
    tell_skipped(std::exchange(page_->skipped, {}), sink);
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
  inquiry_.ask(stream.name, stream.place, [this, index](Finding finding) {
    take(std::move(finding), index);
    news_();
  });
}

void LiveSource::take(Finding finding, std::size_t stream) {
  using Kind = Finding::Kind;
  const Time now = outside_.loop.now();
  Stream& asked = streams_[stream];
  // A session that has ended is made again; one that ends at once is no session.
  const bool anew = finding.kind == Kind::SignedOut && !std::exchange(session_is_new_, true);
  if (finding.kind == Kind::SignedIn || anew) return budget_.served(now, finding.hint);
  turn_ = (stream + 1) % streams_.size();
  asked.in_trouble = finding.kind != Kind::Page;
  switch (finding.kind) {
    case Kind::Page:
      session_is_new_ = false;
      budget_.served(now, finding.hint);
      return take_page(std::move(finding.page), stream);
    case Kind::Throttled:
      budget_.throttled(now, finding.hint);
      errors_.emplace_back("asked too often (HTTP 429); waits as long as the server says");
      return;
    case Kind::Refused:
    case Kind::SignedOut:
      // The platform works; what this stream asks for does not.
      budget_.served(now, finding.hint);
      asked.trouble.failed(now, {});
      give_page_up(asked);
      errors_.push_back(streams_.size() > 1 ? asked.name + ": " + finding.why : finding.why);
      return;
    case Kind::Stumbled: give_page_up(asked); [[fallthrough]];
    default:
      // The platform does not work: all streams wait, and another one is the first to try.
      budget_.failed(now, finding.hint);
      asked.due = now;
      errors_.push_back(finding.why);
  }
}

void LiveSource::take_page(Platform::Page page, std::size_t stream) {
  const Time now = outside_.loop.now();
  Stream& from = streams_[stream];
  from.in_trouble = !page.damage.empty() && !page.over;
  worked_ = !from.in_trouble;
  from.failures = 0;
  from.trouble.served(now, {});
  from.empty_pages = page.posts.empty() ? from.empty_pages + 1 : 0;
  const bool at_once = page.more && from.empty_pages < kEmptyPages;
  Time rest = at_once ? Time{} : config_.interval;
  if (page.rest) rest = std::max<Time>(rest, *page.rest);
  from.due = now + rest;
  if (page.over) {  // as it should: no trouble that lasts
    page.skipped.push_back({name_, page.damage});
  } else if (!page.damage.empty()) {
    errors_.push_back(page.damage);
  }
  page_ = std::move(page);
  page_stream_ = stream;
  given_ = 0;
}

/// After several failures in a row it is begun again without its page.
void LiveSource::give_page_up(Stream& stream) {
  if (++stream.failures % kFailuresOfAPage == 0) {
    stream.place = platform_->without_page(stream.place);
  }
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

std::unique_ptr<Source> make_live_source(std::string name, std::shared_ptr<Platform> platform,
                                         LiveConfig config, Outside& outside) {
  return std::make_unique<LiveSource>(std::move(name), std::move(platform), std::move(config),
                                      outside);
}

}  // namespace pullwire::ingestor
