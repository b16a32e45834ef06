#include "ingestor/live/x.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <unordered_map>

#include "common/ops/text.hpp"
#include "common/ops/url.hpp"
#include "ingestor/live/answer_json.hpp"
#include "ingestor/live/walk.hpp"

namespace pullwire::ingestor {
namespace {

using nlohmann::json;

constexpr std::size_t kMostQuery = 512;  // bytes, of the characters that are allowed
constexpr std::int64_t kSearchedMicros = std::int64_t{7} * 24 * 3600 * 1'000'000;
constexpr std::int64_t kMarginMicros = std::int64_t{60} * 1'000'000;
constexpr std::int64_t kFirstIdMillis = 1'288'834'974'657;  // when ids begin to count

/// What every query ends with.
std::string conditions(const XOptions& options) {
  std::string text;
  if (!options.reposts) text += " -is:retweet";
  if (!options.replies) text += " -is:reply";
  std::string languages;
  for (const std::string& language : options.languages) {
    if (language.empty()) return text;  // no query finds posts without a language
    languages += (languages.empty() ? "lang:" : " OR lang:") + language;
  }
  return languages.empty() ? text : text + " (" + languages + ")";
}

std::vector<std::string> queries(const XOptions& options) {
  const std::string end = ")" + conditions(options);
  std::vector<std::string> result;
  std::string query;
  for (const std::string& hashtag : options.hashtags) {
    const std::string tag = "#" + hashtag;
    if (1 + tag.size() + end.size() > kMostQuery) {
      throw std::invalid_argument{in_quotes(tag) + " does not fit into a query of X"};
    }
    if (!query.empty() && query.size() + 4 + tag.size() + end.size() > kMostQuery) {
      result.push_back(query + end);
      query.clear();
    }
    query += (query.empty() ? "(" : " OR ") + tag;
  }
  result.push_back(query + end);
  return result;
}

/// Ids count up; they are numbers without leading zeros.
bool id_less(const std::string& one, const std::string& other) {
  return one.size() != other.size() ? one.size() < other.size() : one < other;
}

/// When the post of this id was made.
Timestamp time_of(const std::string& id) {
  std::uint64_t number = 0;
  std::from_chars(id.data(), id.data() + id.size(), number);
  return {(static_cast<std::int64_t>(number >> 22U) + kFirstIdMillis) * 1000};
}

std::string unescaped(std::string text) {
  constexpr std::pair<std::string_view, char> kEntities[] = {
      {"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}};
  std::string plain;
  for (std::size_t i = 0; i < text.size();) {
    const std::string_view rest = std::string_view{text}.substr(i);
    const auto* const found =
        std::find_if(std::begin(kEntities), std::end(kEntities),
                     [&](const auto& entity) { return rest.starts_with(entity.first); });
    if (found == std::end(kEntities)) {
      plain += text[i++];
    } else {
      plain += found->second;
      i += found->first.size();
    }
  }
  return plain;
}

/// What posts refer to, by key.
class Included {
 public:
  Included(const json& list, const char* key) {
    for (const json& entry : list) entries_.emplace(text_at(entry, {key}), &entry);
  }
  /// Null if it is not there.
  [[nodiscard]] const json& find(const std::string& key) const {
    static const json kNone;
    const auto found = entries_.find(key);
    return found == entries_.end() ? kNone : *found->second;
  }

 private:
  std::unordered_map<std::string, const json*> entries_;
};

void add_media(const json& tweet, const Included& media, FoundPost& post) {
  for (const json& key : array_at(tweet, {"attachments", "media_keys"})) {
    const json& found = media.find(text_of(key));
    const std::string type = text_at(found, {"type"});
    const std::string url = text_at(found, {"url"});
    const std::string preview = text_at(found, {"preview_image_url"});
    if (url.empty() && preview.empty()) continue;
    const bool picture = url.empty() || type == "photo";
    post.media.push_back({.type = picture ? "image" : "video",
                          .url = url.empty() ? preview : url,
                          .alt = text_at(found, {"alt_text"})});
  }
}

FoundPost read_post(const json& tweet, const Included& users, const Included& media) {
  FoundPost post;
  post.id = text_at(tweet, {"id"});
  const json& author = users.find(text_at(tweet, {"author_id"}));
  post.author = text_at(author, {"username"});
  post.author_name = text_at(author, {"name"});
  post.created_at = parse_rfc3339(text_at(tweet, {"created_at"}));
  post.lang = text_at(tweet, {"lang"});
  if (post.lang == "und") post.lang.clear();
  post.url = "https://x.com/" + (post.author.empty() ? "i" : post.author) + "/status/" + post.id;
  std::string text = text_at(tweet, {"note_tweet", "text"});  // of a long one: all of it
  if (text.empty()) text = text_at(tweet, {"text"});
  post.text = unescaped(std::move(text));
  for (const json& hashtag : array_at(tweet, {"entities", "hashtags"})) {
    const std::string tag = text_at(hashtag, {"tag"});
    if (!tag.empty()) post.hashtags.push_back(tag);
  }
  for (const json& reference : array_at(tweet, {"referenced_tweets"})) {
    if (text_at(reference, {"type"}) == "replied_to") post.reply = true;
  }
  add_media(tweet, media, post);
  return post;
}

class X final : public Platform {
 public:
  explicit X(XOptions options) : options_{std::move(options)}, streams_{queries(options_)} {}

  const std::vector<std::string>& streams() const override { return streams_; }
  std::string address() const override { return options_.base; }
  bool searches_hashtags() const override { return true; }
  std::vector<std::string> secrets() const override { return {options_.token}; }
  std::string begin(const std::map<std::string, std::string>& stored) const override;
  HttpRequest request(const std::string& stream, const std::string& place,
                      Timestamp now) const override;
  Page read(const HttpAnswer& answer, const std::string& stream,
            const std::string& place) const override;
  std::string without_page(const std::string& place) const override {
    return Walk::restarted(place);
  }

 private:
  const XOptions options_;
  const std::vector<std::string> streams_;
};

/// The queries change with the hashtags, the ids are common to all: a new query goes on where
/// the last of the old ones stood, or where there was nothing yet.
std::string X::begin(const std::map<std::string, std::string>& stored) const {
  if (stored.empty()) return {};
  std::string lowest = Walk::parse(stored.begin()->second).floor;
  for (const auto& [stream, place] : stored) {
    const std::string floor = Walk::parse(place).floor;
    if (id_less(floor, lowest)) lowest = floor;
  }
  return Walk{.floor = lowest}.text();
}

HttpRequest X::request(const std::string& stream, const std::string& place, Timestamp now) const {
  const Walk walk = Walk::parse(place);
  const bool first = options_.backfill.finds_now(place);
  std::string url = options_.base + "/2/tweets/search/recent?query=" + percent_encoded(stream) +
                    "&max_results=" + (first ? "10" : "100") +
                    "&tweet.fields=created_at,author_id,lang,entities,attachments,"
                    "referenced_tweets,note_tweet"
                    "&expansions=author_id,attachments.media_keys&user.fields=username,name"
                    "&media.fields=url,preview_image_url,type,alt_text";
  const Timestamp searched{now.micros - kSearchedMicros + kMarginMicros};
  // An id from before what is searched would be refused; all that is searched is newer then.
  if (!walk.floor.empty() && time_of(walk.floor) > searched) {
    url += "&since_id=" + percent_encoded(walk.floor);
  } else if (options_.backfill.from == Backfill::From::Moment &&
             options_.backfill.moment > searched) {
    url += "&start_time=" + percent_encoded(to_text(options_.backfill.moment).substr(0, 19) + "Z");
  }
  if (!walk.page.empty()) url += "&next_token=" + percent_encoded(walk.page);
  return {.url = std::move(url), .headers = {"Authorization: Bearer " + options_.token}};
}

Platform::Page X::read(const HttpAnswer& answer, const std::string& /*stream*/,
                       const std::string& place) const {
  const Walk walk = Walk::parse(place);
  Page page;
  if (answer.status == 400 && !walk.page.empty()) {  // it knows the page no more
    page.damage = refusal(answer) + "; reading again from the newest post";
    page.place = Walk::restarted(place);
    page.more = true;
    return page;
  }
  if (answer.status != 200) throw BadAnswer{refusal(answer)};
  const json body = parse_json(answer);
  if (!body.is_object() || (!body.contains("data") && !body.contains("meta"))) {
    throw BadAnswer{"the answer is no list of posts: " + in_quotes(refusal(answer))};
  }
  const Included users{array_at(body, {"includes", "users"}), "id"};
  const Included media{array_at(body, {"includes", "media"}), "media_key"};
  for (const json& tweet : checked_posts(array_at(body, {"data"}))) {
    FoundPost post = read_post(tweet, users, media);
    if (post.id.empty() || !value_at(tweet, {"text"}).is_string()) {
      page.skipped.push_back({"a post of " + options_.base, "it has no id or no text"});
    } else {
      page.posts.push_back(std::move(post));
    }
  }
  std::string newest = text_at(body, {"meta", "newest_id"});
  if (newest.empty() && !page.posts.empty()) newest = page.posts.front().id;
  std::string next = text_at(body, {"meta", "next_token"});
  if (options_.backfill.finds_now(place)) {
    page.posts.clear();  // only the newest post's id was of interest
    next.clear();
  }
  std::reverse(page.posts.begin(), page.posts.end());
  const Walk after = walk.after(newest, next);
  page.more = !after.page.empty();
  page.place = after.text();
  return page;
}

}  // namespace

std::shared_ptr<Platform> make_x(XOptions options) {
  return std::make_shared<X>(std::move(options));
}

}  // namespace pullwire::ingestor
