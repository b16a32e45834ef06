#include "ingestor/live/feed.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "common/ops/url.hpp"
#include "ingestor/live/answer_json.hpp"
#include "ingestor/live/feed_dates.hpp"
#include "ingestor/live/feed_document.hpp"

namespace pullwire::ingestor {
namespace {

using nlohmann::json;

constexpr std::int64_t kDayMicros = std::int64_t{24} * 3600 * 1'000'000;
constexpr std::chrono::seconds kLongestRest = std::chrono::hours{6};
constexpr std::int64_t kSettledMicros = std::int64_t{5} * 1'000'000;
constexpr long kRedirects = 5;
constexpr std::size_t kMostValidator = 1024;  // bytes

/// What is known of the feed after it was read.
struct Place {
  std::string url;         // where it is; "": as configured
  std::string etag;        // as it came
  std::string modified;    // Last-Modified, as it came
  std::string damaged;     // the version (both of these) that could be read in part only
  std::int64_t since = 0;  // posts dated before are old; microseconds since 1970

  static Place parse(const std::string& text) {
    const json from = json::parse(text, nullptr, false);
    const json& since = value_at(from, {"since"});
    return {.url = text_at(from, {"url"}),
            .etag = text_at(from, {"etag"}),
            .modified = text_at(from, {"modified"}),
            .damaged = text_at(from, {"damaged"}),
            .since = since.is_number_integer() ? since.get<std::int64_t>() : 0};
  }
  [[nodiscard]] std::string text() const {
    return json{{"url", url},
                {"etag", etag},
                {"modified", modified},
                {"damaged", damaged},
                {"since", since}}
        .dump(-1, ' ', false, json::error_handler_t::replace);
  }
};

/// max-age of Cache-Control (RFC 9111, 5.2.2.1), within reason.
std::optional<std::chrono::seconds> rest_of(const HttpAnswer& answer) {
  std::string control{answer.header("cache-control").value_or("")};
  for (char& c : control) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  constexpr std::string_view kName = "max-age=";
  const std::size_t at = control.find(kName);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view digits = std::string_view{control}.substr(at + kName.size());
  std::int64_t seconds = 0;
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  if (error != std::errc{} || seconds < 0) return std::nullopt;
  return std::min(std::chrono::seconds{seconds}, kLongestRest);
}

/// Whether the answer says where it ends, so that it cannot have been cut off unnoticed.
bool is_framed(const HttpAnswer& answer) {
  return answer.header("content-length") || answer.header("transfer-encoding");
}

/// Feeds have their newest post first, most of them.
void put_oldest_first(std::vector<FoundPost>& posts) {
  if (posts.size() < 2) return;
  const auto& first = posts.front().created_at;
  const auto& last = posts.back().created_at;
  if (first && last && *first < *last) return;
  std::reverse(posts.begin(), posts.end());
}

/// Last-Modified counts seconds, and there are servers that make their ETag of it: what was
/// published in the same second, or was just being written, would never be seen.
bool has_just_changed(const HttpAnswer& answer) {
  const auto modified = parse_feed_date(answer.header("last-modified").value_or(""));
  const auto date = parse_feed_date(answer.header("date").value_or(""));
  return modified && date.value_or(wall_clock()).micros - modified->micros < kSettledMicros;
}

/// What may not be all that there is must not be called known at the next request: what has
/// just changed, and what is damaged, unless it is so a second time.
void forget_doubtful(Place& place, const HttpAnswer& answer, bool damaged) {
  const std::string version = damaged ? place.etag + ' ' + place.modified : "";
  const bool again = version == place.damaged && is_framed(answer);
  place.damaged = version;
  if (has_just_changed(answer) || (damaged && !again)) place.etag = place.modified = "";
}

std::string without_query(const std::string& url) {
  return url.substr(0, url.find('?'));
}

/// Whether who may know a secret of the one may know it of the other (RFC 6454).
bool same_origin(const std::string& one, const std::string& other) {
  const auto origin = [](const std::string& url) {
    const Url parts = parse_url(url);
    return parts.scheme + "://" + parts.authority();
  };
  return origin(one) == origin(other);
}

/// A URL that can be asked for again; "" if it cannot.
std::string usable(const std::string& url) {
  try {
    (void)parse_url(url);
    return url;
  } catch (const std::invalid_argument&) {
    return {};
  }
}

/// A header's value that is to be sent back; "" if it is there no more, or too long.
std::string kept(const HttpAnswer& answer, std::string_view name) {
  const std::string_view value = answer.header(name).value_or("");
  return value.size() <= kMostValidator ? std::string{value} : std::string{};
}

class Feed final : public Platform {
 public:
  explicit Feed(FeedOptions options) : options_{std::move(options)} {}

  const std::vector<std::string>& streams() const override { return streams_; }
  std::string address() const override { return without_query(options_.url); }
  bool searches_hashtags() const override { return false; }
  std::vector<std::string> secrets() const override {
    if (options_.login.password.empty()) return {};
    return {options_.login.password, basic_authorization(options_.login)};
  }
  long redirects() const override { return kRedirects; }
  HttpRequest request(const std::string& stream, const std::string& place,
                      Timestamp now) const override;
  Page read(const HttpAnswer& answer, const std::string& stream,
            const std::string& place) const override;
  std::string without_page(const std::string& place) const override;

 private:
  void leave_out_old(Page& page, Place& place, bool first) const;

  const FeedOptions options_;
  const std::vector<std::string> streams_{"feed"};
};

HttpRequest Feed::request(const std::string& /*stream*/, const std::string& place,
                          Timestamp /*now*/) const {
  const Place known = Place::parse(place);
  HttpRequest request{
      .url = known.url.empty() ? options_.url : known.url,
      .headers = {"Accept: application/atom+xml, application/rss+xml, application/feed+json,"
                  " application/xml;q=0.9, */*;q=0.5"}};
  if (!known.etag.empty()) request.headers.push_back("If-None-Match: " + known.etag);
  if (!known.modified.empty()) request.headers.push_back("If-Modified-Since: " + known.modified);
  if (!options_.login.empty() && same_origin(request.url, options_.url)) {
    request.headers.push_back("Authorization: " + basic_authorization(options_.login));
  }
  return request;
}

Platform::Page Feed::read(const HttpAnswer& answer, const std::string& /*stream*/,
                          const std::string& place) const {
  Page page;
  page.rest = rest_of(answer);
  if (answer.status == 304) {
    page.place = place;
    return page;
  }
  if (answer.status == 410) {
    page.damage = refusal(answer) + "; it is gone for good: remove it from the configuration";
    page.place = place;
    page.over = true;
    return page;
  }
  if (answer.status != 200) throw BadAnswer{refusal(answer)};
  Place known = Place::parse(place);
  const bool first = place.empty();
  FeedDocument document;
  try {
    document = read_feed(answer.body, answer.header("content-type").value_or(""),
                         known.url.empty() ? options_.url : known.url);
  } catch (const NoFeed& bad) {
    throw BadAnswer{bad.what()};
  }
  if (!answer.moved_to.empty()) known.url = usable(answer.moved_to);
  known.etag = kept(answer, "etag");
  known.modified = kept(answer, "last-modified");
  page.posts = std::move(document.posts);
  page.damage = std::move(document.damage);
  for (const auto& [item, why] : document.skipped) {
    page.skipped.push_back({"item " + std::to_string(item), why});
  }
  put_oldest_first(page.posts);
  leave_out_old(page, known, first);
  forget_doubtful(known, answer, !page.damage.empty());
  page.place = known.text();
  return page;
}

void Feed::leave_out_old(Page& page, Place& place, bool first) const {
  using From = Backfill::From;
  if (first && options_.backfill.from == From::Now) {
    for (const FoundPost& post : page.posts) page.old.push_back(post.id);
    page.posts.clear();
    place.since = wall_clock().micros - kDayMicros;
    return;
  }
  if (first && options_.backfill.from == From::Moment) {
    place.since = options_.backfill.moment.micros;
  }
  std::erase_if(page.posts, [&](const FoundPost& post) {
    return post.created_at && post.created_at->micros < place.since;
  });
}

/// Where it has moved to may have been a mistake.
std::string Feed::without_page(const std::string& place) const {
  if (place.empty()) return place;
  Place known = Place::parse(place);
  known.url.clear();
  return known.text();
}

}  // namespace

std::shared_ptr<Platform> make_feed(FeedOptions options) {
  return std::make_shared<Feed>(std::move(options));
}

}  // namespace pullwire::ingestor
