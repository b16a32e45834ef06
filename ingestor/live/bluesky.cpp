#include "ingestor/live/bluesky.hpp"

#include <algorithm>
#include <charconv>

#include "common/ops/atproto_session.hpp"
#include "common/ops/text.hpp"
#include "common/ops/url.hpp"
#include "ingestor/live/answer_json.hpp"
#include "ingestor/live/bluesky_post.hpp"
#include "ingestor/live/walk.hpp"

namespace pullwire::ingestor {
namespace {

using nlohmann::json;

constexpr std::int64_t kOverlapMicros = std::int64_t{120} * 1'000'000;
constexpr std::int64_t kTickMicros = 1000;  // of the times in which posts are listed

/// A walk's floor and top are times here, in microseconds since 1970.
std::optional<Timestamp> time_in(const std::string& digits) {
  Timestamp time;
  const char* const end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, time.micros);
  if (digits.empty() || error != std::errc{} || rest != end) return std::nullopt;
  return time;
}

class Bluesky final : public Platform {
 public:
  explicit Bluesky(BlueskyOptions options)
      : options_{std::move(options)},
        session_{{.service = options_.base,
                  .username = options_.username,
                  .password = options_.password}} {}

  const std::vector<std::string>& streams() const override { return options_.hashtags; }
  std::string address() const override { return options_.base; }
  bool searches_hashtags() const override { return false; }
  std::vector<std::string> secrets() const override { return session_.secrets(); }
  HttpRequest request(const std::string& stream, const std::string& place,
                      Timestamp now) const override;
  Page read(const HttpAnswer& answer, const std::string& stream,
            const std::string& place) const override;
  std::string without_page(const std::string& place) const override {
    return Walk::restarted(place);
  }
  std::optional<HttpRequest> sign_in() override;
  void signed_in(const HttpAnswer& answer) override;
  void signed_out() override { session_.refused(session_.token()); }

 private:
  [[nodiscard]] std::optional<Timestamp> oldest_wanted(const Walk& walk) const;

  const BlueskyOptions options_;
  AtprotoSession session_;
};

/// What is older was given, or is not wanted.
std::optional<Timestamp> Bluesky::oldest_wanted(const Walk& walk) const {
  if (const auto floor = time_in(walk.floor)) return Timestamp{floor->micros - kOverlapMicros};
  if (options_.backfill.from == Backfill::From::Moment) return options_.backfill.moment;
  return std::nullopt;
}

HttpRequest Bluesky::request(const std::string& stream, const std::string& place,
                             Timestamp /*now*/) const {
  const Walk walk = Walk::parse(place);
  const std::string tag = percent_encoded(stream);
  std::string url = options_.base + "/xrpc/app.bsky.feed.searchPosts?q=%23" + tag + "&tag=" + tag +
                    "&sort=latest&limit=" + (options_.backfill.finds_now(place) ? "1" : "100");
  if (const auto oldest = oldest_wanted(walk)) {
    url += "&since=" + percent_encoded(to_text(*oldest).substr(0, 23) + "Z");
  }
  if (!walk.page.empty()) url += "&cursor=" + percent_encoded(walk.page);
  HttpRequest request{.url = std::move(url)};
  if (!session_.token().empty()) request.headers.push_back(session_.authorization());
  return request;
}

Platform::Page Bluesky::read(const HttpAnswer& answer, const std::string& /*stream*/,
                             const std::string& place) const {
  if (AtprotoSession::is_over(answer)) throw SessionEnded{refusal(answer)};
  if (answer.status != 200) throw BadAnswer{refusal(answer)};
  const json body = parse_json(answer);
  if (!value_at(body, {"posts"}).is_array()) throw BadAnswer{"the answer is no list of posts"};
  const Walk walk = Walk::parse(place);
  const auto oldest = oldest_wanted(walk);
  Page page;
  Timestamp newest;
  bool any_new = false;
  bool any_old = false;
  for (const json& view : checked_posts(array_at(body, {"posts"}))) {
    FoundPost post = read_bluesky_post(view);
    const auto listed = bluesky_listed_at(view);
    if (post.id.empty() || !listed) {
      page.skipped.push_back({"a post of " + options_.base, "it has no uri or no time"});
      continue;
    }
    newest = std::max(newest, *listed);
    const bool old = oldest && *listed < *oldest;
    (old ? any_old : any_new) = true;
    if (!old) page.posts.push_back(std::move(post));
  }
  std::string next = text_at(body, {"cursor"});
  if (options_.backfill.finds_now(place)) {
    page.posts.clear();
    next.clear();
    // The overlap must not reach what was there before.
    if (newest.micros > 0) newest.micros += kOverlapMicros + kTickMicros;
  }
  if (any_old && !any_new) next.clear();  // a page may be empty on the way
  std::reverse(page.posts.begin(), page.posts.end());
  // Never back: what was the newest may have been removed.
  const auto floor = time_in(walk.floor);
  if (floor) newest = std::max(newest, *floor);
  const Walk after = walk.after(newest.micros > 0 ? std::to_string(newest.micros) : "", next);
  page.place = after.text();
  page.more = !after.page.empty();
  return page;
}

std::optional<HttpRequest> Bluesky::sign_in() {
  if (options_.username.empty() || session_.lives()) return std::nullopt;
  return session_.request();
}

void Bluesky::signed_in(const HttpAnswer& answer) {
  if (session_.take(answer)) return;
  throw BadAnswer{"no session: " +
                  (answer.status == 200 ? "the answer has no token" : refusal(answer))};
}

}  // namespace

std::shared_ptr<Platform> make_bluesky(BlueskyOptions options) {
  return std::make_shared<Bluesky>(std::move(options));
}

}  // namespace pullwire::ingestor
