#include "republisher/platforms/bluesky.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/ops/url.hpp"
#include "republisher/platforms/bluesky_record.hpp"

namespace pullwire::republisher {
namespace {

using nlohmann::json;

constexpr std::string_view kCollection = "app.bsky.feed.post";

/// Whether the account may not write now, which its owner or time can mend.
bool is_of_account(const std::string& error) {
  constexpr std::array<std::string_view, 6> kErrors{"AccountTakedown",  "AccountDeactivated",
                                                    "AccountSuspended", "RepoTakendown",
                                                    "RepoDeactivated",  "RepoSuspended"};
  return std::find(kErrors.begin(), kErrors.end(), error) != kErrors.end();
}

/// What all publications of the process share.
struct Shared {
  explicit Shared(BlueskyOptions of)
      : options{std::move(of)}, session{options.account, options.clock} {}

  /// Where readers of Bluesky see a post; its URI where other servers have the account.
  [[nodiscard]] std::string location(const std::string& uri, const std::string& key) const {
    const std::string host = parse_url(options.account.service).host;
    if (host != "bsky.social" && !host.ends_with(".bsky.network")) return uri;
    return "https://bsky.app/profile/" + session.did() + "/post/" + key;
  }

  const BlueskyOptions options;
  AtprotoSession session;
};

/// Renews the session, or makes one.
class SignIn final : public Conversation {
 public:
  explicit SignIn(Shared& shared) : shared_{shared} {}

  HttpRequest begin() override {
    renews_ = shared_.session.renews();
    return shared_.session.request();
  }

  Step answered(const HttpAnswer& answer) override {
    AtprotoSession& session = shared_.session;
    if (session.take(answer)) {
      if (!session.did().empty()) return Published{};
      return TryAgain{"no session: the answer has no did"};
    }
    if (answer.status == 200) return TryAgain{"no session: the answer has no token"};
    if (renews_ && !session.renews()) return begin();
    return TryAgain{"no session: " + refusal(answer)};
  }

 private:
  Shared& shared_;
  bool renews_ = false;  // the request that was made last
};

class Put final : public Conversation {
 public:
  Put(Shared& shared, const Document& document) : shared_{shared}, document_{document} {}

  HttpRequest begin() override {
    const AtprotoSession& session = shared_.session;
    if (record_.is_null()) {
      key_ = bluesky_key(document_, shared_.options.target);
      record_ = bluesky_record(*document_.post, shared_.options.pattern);
    }
    token_ = session.token();
    uri_ = "at://" + session.did() + "/" + std::string{kCollection} + "/" + key_;
    const json body{
        {"repo", session.did()}, {"collection", kCollection}, {"rkey", key_}, {"record", record_}};
    HttpRequest request{
        .method = "POST",
        .url = shared_.options.account.service + "/xrpc/com.atproto.repo.putRecord"};
    request.headers = {"Content-Type: application/json"};
    if (!token_.empty()) request.headers.push_back(session.authorization());
    request.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
    return request;
  }

  Step answered(const HttpAnswer& answer) override {
    const std::string error = atproto_error(answer);
    if (is_of_account(error)) return TryAgain{refusal(answer)};
    if (AtprotoSession::is_over(answer)) {
      if (shared_.session.refused(token_)) return Anew{refusal(answer)};
      return TryAgain{"a new session is refused: " + refusal(answer)};
    }
    if (answer.status == 200) {
      shared_.session.served(token_);
      const json body = json::parse(answer.body, nullptr, false);
      if (body.is_object() && body.value("uri", json{}) == uri_) {
        return Published{shared_.location(uri_, key_)};
      }
      return TryAgain{"the answer does not have the post's uri"};  // whoever gave it
    }
    // The server has judged the record; what others on the way say, an operator may mend.
    if ((answer.status == 400 || answer.status == 413) && !error.empty()) {
      return Refused{refusal(answer)};
    }
    return TryAgain{refusal(answer)};
  }

 private:
  Shared& shared_;
  const Document& document_;
  std::string key_;
  std::string uri_;
  std::string token_;  // of the request that was made last
  json record_;        // made once
};

class Bluesky final : public Publisher {
 public:
  explicit Bluesky(BlueskyOptions options) : shared_{std::move(options)} {}

  std::unique_ptr<Conversation> introduce() override {
    if (shared_.session.lives()) return nullptr;
    return std::make_unique<SignIn>(shared_);
  }
  [[nodiscard]] Shown show(const Document& document) const override {
    return {.address = shared_.options.account.service,
            .text = bluesky_text(*document.post, shared_.options.pattern),
            .most = kBlueskyGraphemes};
  }
  std::unique_ptr<Conversation> converse(const Document& document) override {
    return std::make_unique<Put>(shared_, document);
  }
  [[nodiscard]] std::vector<std::string> secrets() const override {
    return shared_.session.secrets();
  }

 private:
  Shared shared_;
};

}  // namespace

std::unique_ptr<Publisher> make_bluesky(BlueskyOptions options) {
  return std::make_unique<Bluesky>(std::move(options));
}

}  // namespace pullwire::republisher
