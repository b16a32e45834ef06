#include "republisher/platforms/mastodon.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "common/ops/url.hpp"
#include "republisher/platforms/mastodon_instance.hpp"
#include "republisher/platforms/publication_key.hpp"
#include "republisher/render/segments.hpp"

namespace pullwire::republisher {
namespace {

using nlohmann::json;

constexpr std::size_t kMostUrl = 2048;
constexpr std::size_t kMostId = 64;
constexpr std::int64_t kSecond = 1'000'000;  // microseconds
/// Clocks differ, and what is dated by days.
constexpr std::int64_t kMargin = 24 * 3600 * kSecond;

/// What the operator, or time, can mend.
bool may_be_mended(long status) {
  return status < 400 || status == 401 || status == 403 || status == 404 || status == 407;
}

class Publication final : public Conversation {
 public:
  Publication(MastodonInstance& instance, const Document& document)
      : instance_{instance}, document_{document} {}

  HttpRequest begin() override {
    const bool tried = std::exchange(tried_, true);
    text_ = fitted(instance_.limits);
    lookup_.reset();
    if (!tried && !document_.redelivered && !document_.replayed) return post();
    lookup_.emplace(instance_.statuses, since());
    return page();
  }

  Step answered(const HttpAnswer& answer) override {
    return lookup_ ? looked(answer) : posted(answer);
  }

 private:
  [[nodiscard]] std::string fitted(const TextLimits& limits) const {
    return status_text(*document_.post, instance_.options.pattern, limits).text;
  }

  /// No status from before is this post.
  [[nodiscard]] Timestamp since() const {
    const Post& post = *document_.post;
    if (!post.created_at) return {};
    return {std::min(post.created_at->micros, post.ingested_at.micros) - kMargin};
  }

  [[nodiscard]] HttpRequest page() const {
    std::string path = "/api/v1/accounts/" + instance_.account +
                       "/statuses?limit=40&exclude_replies=true&exclude_reblogs=true";
    if (!lookup_->max_id().empty()) path += "&max_id=" + percent_encoded(lookup_->max_id());
    return instance_.request("GET", path);
  }

  [[nodiscard]] HttpRequest post() const {
    nlohmann::ordered_json status{{"status", text_}, {"visibility", instance_.options.visibility}};
    const std::string language = language_of(document_.post->lang);
    if (!language.empty()) status["language"] = language;
    HttpRequest request = instance_.request("POST", "/api/v1/statuses");
    request.once = true;  // a key does not help against two at the same moment
    request.headers.emplace_back("Content-Type: application/json");
    request.headers.push_back("Idempotency-Key: " +
                              publication_key(document_, instance_.options.target));
    request.body = status.dump(-1, ' ', false, json::error_handler_t::replace);
    return request;
  }

  /// ISO 639-1; "" if it is none.
  static std::string language_of(std::string_view tag) {
    std::string language{tag.substr(0, tag.find_first_of("-_"))};
    for (char& c : language) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
      if (c < 'a' || c > 'z') return {};
    }
    return language.size() == 2 ? language : std::string{};
  }

  Step looked(const HttpAnswer& answer) {
    if (answer.status == 404) return anew(answer);  // another account than before
    auto statuses = answer.status == 200 ? read_statuses(answer.body) : std::nullopt;
    if (!statuses) return TryAgain{words_of(answer)};
    if (lookup_->take(*std::move(statuses))) return page();
    // As it is fitted now, or was when the server did not take that.
    for (const std::string& text : {text_, fitted(careful())}) {
      const auto essence = essence_of_text(text);
      const OwnStatus* found = essence ? instance_.statuses.find(*essence, since()) : nullptr;
      if (found != nullptr) return Published{location(found->url, found->id)};
    }
    lookup_.reset();
    return post();
  }

  Step posted(const HttpAnswer& answer) {
    if (answer.status >= 400) tried_ = false;  // it has made nothing
    if (answer.status == 200) {
      const json body = parse_answer(answer.body);
      if (!body.is_object() || !body.contains("id") || !body["id"].is_string()) {
        return TryAgain{"the server does not say which status it has made"};
      }
      const bool has_url = body.contains("url") && body["url"].is_string();
      return Published{location(has_url ? body["url"].get<std::string>() : "", body["id"])};
    }
    if (answer.status != 422) {
      // Without the server's own words somebody else has said it.
      const bool judged = parse_answer(answer.body).contains("error") || answer.status == 413;
      if (may_be_mended(answer.status) || !judged) return TryAgain{words_of(answer)};
      return Refused{words_of(answer)};
    }
    if (!renewed_) return anew(answer);  // its limits may have become smaller
    // It counts links otherwise than it says, perhaps.
    std::string shorter = fitted(careful());
    if (shorter == text_) return Refused{words_of(answer)};
    text_ = std::move(shorter);
    return post();
  }

  Step anew(const HttpAnswer& answer) {
    renewed_ = true;
    instance_.introduced = false;
    return Anew{words_of(answer)};
  }

  [[nodiscard]] TextLimits careful() const {
    TextLimits limits = instance_.limits;
    limits.link = 0;
    return limits;
  }

  [[nodiscard]] std::string location(const std::string& url, const std::string& id) const {
    return is_web_url(url) && url.size() <= kMostUrl
               ? url
               : instance_.options.base + "/api/v1/statuses/" +
                     percent_encoded(std::string_view{id}.substr(0, kMostId));
  }

  MastodonInstance& instance_;
  const Document& document_;
  bool tried_ = false;  // what came of it is not known
  std::string text_;
  std::optional<StatusLookup> lookup_;  // while the account's statuses are asked for
  bool renewed_ = false;                // asked for the server's limits again
};

class Mastodon final : public Publisher {
 public:
  explicit Mastodon(MastodonOptions options) : instance_{.options = std::move(options)} {}

  std::unique_ptr<Conversation> introduce() override {
    if (instance_.introduced) return nullptr;
    return make_introduction(instance_);
  }
  [[nodiscard]] Shown show(const Document& document) const override {
    return {.address = instance_.options.base,
            .text = status_text(*document.post, instance_.options.pattern, instance_.limits),
            .most = instance_.limits.graphemes};
  }
  std::unique_ptr<Conversation> converse(const Document& document) override {
    return std::make_unique<Publication>(instance_, document);
  }
  [[nodiscard]] bool looks_up() const override { return true; }
  [[nodiscard]] std::vector<std::string> secrets() const override {
    return {instance_.options.token};
  }

 private:
  MastodonInstance instance_;
};

}  // namespace

std::unique_ptr<Publisher> make_mastodon(MastodonOptions options) {
  return std::make_unique<Mastodon>(std::move(options));
}

}  // namespace pullwire::republisher
