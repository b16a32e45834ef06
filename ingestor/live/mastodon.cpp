#include "ingestor/live/mastodon.hpp"

#include <algorithm>

#include "common/ops/text.hpp"
#include "common/ops/url.hpp"
#include "ingestor/live/answer_json.hpp"
#include "ingestor/live/clean_html.hpp"
#include "ingestor/live/walk.hpp"

namespace pullwire::ingestor {
namespace {

using nlohmann::json;

/// The value of `parameter` in the link of relation `relation` (RFC 8288). The link itself is
/// not followed: behind a proxy it may name another host.
std::string in_link(const HttpAnswer& answer, std::string_view relation,
                    std::string_view parameter) {
  std::string_view links = answer.header("link").value_or("");
  while (!links.empty()) {
    const std::size_t begin = links.find('<');
    const std::size_t end = links.find('>', std::min(begin, links.size()));
    if (end == std::string_view::npos) return {};
    const std::string_view url = links.substr(begin + 1, end - begin - 1);
    const std::size_t next = std::min(links.find('<', end), links.size());
    const std::string_view attributes = links.substr(end + 1, next - end - 1);
    links.remove_prefix(next);
    const std::string quoted = "rel=\"" + std::string{relation} + "\"";
    if (attributes.find(quoted) == std::string_view::npos) continue;
    const std::size_t query = url.find('?');
    if (query != std::string_view::npos) return query_parameter(url.substr(query + 1), parameter);
  }
  return {};
}

/// Whether an id was given out before another, as far as that can be said: of numbers, and of
/// texts of one length that sort by time (ULIDs).
bool is_before(const std::string& one, const std::string& other) {
  const auto is_number = [](const std::string& id) {
    return id.find_first_not_of("0123456789") == std::string::npos;
  };
  if (one.size() == other.size()) return one < other;
  return is_number(one) && is_number(other) && one.size() < other.size();
}

void add_media(const json& status, FoundPost& post) {
  for (const json& attachment : array_at(status, {"media_attachments"})) {
    std::string url = text_at(attachment, {"url"});
    if (url.empty()) url = text_at(attachment, {"remote_url"});
    if (url.empty()) continue;
    std::string type = text_at(attachment, {"type"});
    if (type == "gifv") type = "video";
    if (type == "unknown") type.clear();
    post.media.push_back({.type = std::move(type),
                          .url = std::move(url),
                          .alt = text_at(attachment, {"description"})});
  }
}

FoundPost read_post(const json& status) {
  FoundPost post;
  post.id = text_at(status, {"id"});
  post.author = text_at(status, {"account", "acct"});
  post.author_name = text_at(status, {"account", "display_name"});
  post.created_at = parse_rfc3339(text_at(status, {"created_at"}));
  post.lang = text_at(status, {"language"});
  post.url = text_at(status, {"url"});
  if (post.url.empty()) post.url = text_at(status, {"uri"});
  CleanHtml content = clean_html(text_at(status, {"content"}), post.url);
  const std::string warning = text_at(status, {"spoiler_text"});
  post.html = std::move(content.html);
  post.text = std::move(content.text);
  if (!warning.empty()) {
    post.text = post.text.empty() ? warning : warning + "\n\n" + post.text;
    post.html.clear();  // the text has it all
  }
  for (const json& tag : array_at(status, {"tags"})) {
    std::string name = text_at(tag, {"name"});
    if (!name.empty()) post.hashtags.push_back(std::move(name));
  }
  post.repost = value_at(status, {"reblog"}).is_object();
  post.reply = !text_at(status, {"in_reply_to_id"}).empty();
  add_media(status, post);
  return post;
}

class Mastodon final : public Platform {
 public:
  explicit Mastodon(MastodonOptions options) : options_{std::move(options)} {}

  const std::vector<std::string>& streams() const override { return options_.hashtags; }
  std::string address() const override { return options_.base; }
  bool searches_hashtags() const override { return true; }
  std::vector<std::string> secrets() const override { return {options_.token}; }
  HttpRequest request(const std::string& stream, const std::string& place,
                      Timestamp now) const override;
  Page read(const HttpAnswer& answer, const std::string& stream,
            const std::string& place) const override;
  std::string without_page(const std::string& place) const override {
    return Walk::restarted(place);
  }

 private:
  bool leave_out_older(Page& page) const;

  const MastodonOptions options_;
};

HttpRequest Mastodon::request(const std::string& stream, const std::string& place,
                              Timestamp /*now*/) const {
  const Walk walk = Walk::parse(place);
  HttpRequest request{.url = options_.base + "/api/v1/timelines/tag/" + percent_encoded(stream) +
                             "?limit=" + (options_.backfill.finds_now(place) ? "1" : "40")};
  if (!walk.floor.empty()) {
    request.url += "&min_id=" + percent_encoded(walk.floor);
  } else if (!walk.page.empty()) {
    request.url += "&max_id=" + percent_encoded(walk.page);
  }
  if (!options_.token.empty()) request.headers.push_back("Authorization: Bearer " + options_.token);
  return request;
}

/// Of a backfill from a moment on: returns whether there were older ones.
bool Mastodon::leave_out_older(Page& page) const {
  if (options_.backfill.from != Backfill::From::Moment) return false;
  return std::erase_if(page.posts, [&](const FoundPost& post) {
           return post.created_at && *post.created_at < options_.backfill.moment;
         }) > 0;
}

Platform::Page Mastodon::read(const HttpAnswer& answer, const std::string& /*stream*/,
                              const std::string& place) const {
  if (answer.status != 200) throw BadAnswer{refusal(answer)};
  const json body = parse_json(answer);
  if (!body.is_array()) throw BadAnswer{"the answer is no list of posts"};
  const Walk walk = Walk::parse(place);
  Page page;
  for (const json& status : checked_posts(body)) {
    FoundPost post = read_post(status);
    if (post.id.empty() || !value_at(status, {"content"}).is_string()) {
      page.skipped.push_back({"a post of " + options_.base, "it has no id or no content"});
    } else {
      page.posts.push_back(std::move(post));
    }
  }
  if (page.posts.empty()) {
    page.place = walk.after("", "").text();
    return page;
  }
  std::string newest = in_link(answer, "prev", "min_id");
  if (newest.empty()) newest = page.posts.front().id;
  std::string next = in_link(answer, "next", "max_id");
  if (next.empty()) next = page.posts.back().id;
  std::reverse(page.posts.begin(), page.posts.end());
  if (options_.backfill.finds_now(place)) {
    page.posts.clear();
    page.place = walk.after(newest, "").text();
  } else if (!walk.floor.empty()) {
    // Servers of one name need not have the same: never back, and no haste where nothing is new.
    page.more = !is_before(newest, walk.floor) && newest != walk.floor;
    page.place = (page.more ? walk.after(newest, "") : walk).text();
  } else {
    const Walk after = walk.after(newest, leave_out_older(page) ? "" : next);
    page.place = after.text();
    page.more = !after.page.empty();
  }
  return page;
}

}  // namespace

std::shared_ptr<Platform> make_mastodon(MastodonOptions options) {
  return std::make_shared<Mastodon>(std::move(options));
}

}  // namespace pullwire::ingestor
