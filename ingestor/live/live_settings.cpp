#include "ingestor/live/live_settings.hpp"

#include <cmath>
#include <set>
#include <stdexcept>

#include "common/model/hashtag.hpp"
#include "common/ops/text.hpp"
#include "ingestor/live/bluesky.hpp"
#include "ingestor/live/feed.hpp"
#include "ingestor/live/mastodon.hpp"
#include "ingestor/live/x.hpp"

namespace pullwire::ingestor {
namespace {

constexpr double kApiInterval = 30;
constexpr double kFeedInterval = 300;

Backfill read_backfill(const Located& written) {
  if (written.text == "new") return {};
  if (written.text == "all") return {.from = Backfill::From::Beginning};
  const auto moment = parse_rfc3339(written.text);
  if (!moment) {
    throw Misconfigured(written.where,
                        "must be \"new\", \"all\" or a time like "
                        "\"2026-11-01T00:00:00Z\", not " +
                            in_quotes(written.text));
  }
  return {.from = Backfill::From::Moment, .moment = *moment};
}

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds{std::llround(seconds * 1000)};
}

/// Of an API: where its paths begin.
std::string base_of(const Url& url) {
  if (!url.query.empty()) throw std::invalid_argument{"its address has no ?"};
  std::string base = url.shown();
  while (base.ends_with('/')) base.pop_back();
  return base;
}

void refuse(bool given, const std::string& what, const std::string& kind) {
  if (given) throw std::invalid_argument{kind + " has no " + what};
}

/// Without #, each once.
std::vector<std::string> wanted(const std::vector<std::string>& hashtags, const std::string& kind) {
  std::vector<std::string> bare;
  std::set<std::string> known;
  for (const std::string& hashtag : hashtags) {
    const std::string_view tag = bare_hashtag(hashtag);
    if (known.insert(fold_hashtag(tag)).second) bare.emplace_back(tag);
  }
  if (bare.empty()) {
    throw std::invalid_argument{kind + " is asked by hashtag: name one in hashtags"};
  }
  return bare;
}

std::shared_ptr<Platform> make_platform(const WebService& target, const LiveSettings& settings,
                                        const PostFilter::Rules& rules,
                                        const std::vector<std::string>& hashtags) {
  const std::string& kind = target.kind;
  if (kind == "feed") {
    refuse(!settings.token.empty(), "token: it takes username and password", kind);
    const std::string& query = target.url.query;
    return make_feed({.url = target.url.shown() + (query.empty() ? "" : '?' + query),
                      .login = settings.login,
                      .backfill = settings.backfill});
  }
  const std::string base = base_of(target.url);
  if (kind == "bluesky") {
    refuse(!settings.token.empty(), "token: it takes username and password", kind);
    return make_bluesky({.base = base,
                         .username = settings.login.username,
                         .password = settings.login.password,
                         .hashtags = wanted(hashtags, kind),
                         .backfill = settings.backfill});
  }
  refuse(!settings.login.username.empty(), "username and password: it takes a token", kind);
  if (kind == "mastodon") {
    return make_mastodon({.base = base,
                          .token = settings.token,
                          .hashtags = wanted(hashtags, kind),
                          .backfill = settings.backfill});
  }
  if (settings.token.empty()) {
    throw std::invalid_argument{"x needs a token: give it in a [[ingestor.source]] entry"};
  }
  for (const std::string& language : rules.languages) {
    if (language.find('-') == std::string::npos) continue;
    throw std::invalid_argument{"x knows languages without their regions: write " +
                                language.substr(0, language.find('-'))};
  }
  return make_x({.base = base,
                 .token = settings.token,
                 .hashtags = wanted(hashtags, kind),
                 .languages = rules.languages,
                 .backfill = settings.backfill,
                 .reposts = rules.reposts,
                 .replies = rules.replies});
}

}  // namespace

bool is_live(std::string_view kind) {
  return is_web_service(kind, "x") || is_web_service(kind, "mastodon") ||
         is_web_service(kind, "bluesky") || is_web_service(kind, "feed");
}

LiveSettings read_live_settings(Table& table) {
  LiveSettings settings;
  settings.token = table.secret("token");
  settings.login = read_login(table);
  if (const auto backfill = table.optional_text("backfill")) {
    settings.backfill = read_backfill(*backfill);
  }
  table.decimal("interval", settings.interval, {0.01, 86'400});
  settings.limits = read_http_limits(table);
  return settings;
}

std::string live_name(const WebService& target) {
  if (target.kind == "x") return target.kind;
  if (target.kind != "feed") return target.kind + '/' + target.url.authority();
  const std::string& query = target.url.query;
  return target.kind + '/' + target.url.shown() + (query.empty() ? "" : '?' + query);
}

std::unique_ptr<Source> make_live(std::string name, const WebService& target,
                                  const LiveSettings& settings, const PostFilter::Rules& rules,
                                  const std::vector<std::string>& hashtags, Outside& outside) {
  const double interval = settings.interval > 0   ? settings.interval
                          : target.kind == "feed" ? kFeedInterval
                                                  : kApiInterval;
  return make_live_source(std::move(name), make_platform(target, settings, rules, hashtags),
                          {.limits = settings.limits, .interval = milliseconds(interval)}, outside);
}

}  // namespace pullwire::ingestor
