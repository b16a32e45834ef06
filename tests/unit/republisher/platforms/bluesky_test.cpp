#include "republisher/platforms/bluesky.hpp"

#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/catch.hpp"
#include "tests/unit/atproto_token.hpp"

using namespace pullwire;
using namespace pullwire::republisher;
using nlohmann::json;
using pullwire::tests::token_of;

namespace {

constexpr std::int64_t kSecond = 1'000'000;

/// A server that keeps sessions: access tokens end after `life` seconds, refresh tokens serve once.
struct Server {
  static HttpAnswer answer(long status, const json& body) {
    HttpAnswer answer;
    answer.status = status;
    answer.body = body.dump();
    return answer;
  }
  static HttpAnswer error(long status, const std::string& name) {
    return answer(status, {{"error", name}, {"message", "words of the server"}});
  }
  static std::string bearer(const HttpRequest& request) {
    constexpr std::string_view kName = "Authorization: Bearer ";
    for (const std::string& header : request.headers) {
      if (header.starts_with(kName)) return header.substr(kName.size());
    }
    return {};
  }

  HttpAnswer operator()(const HttpRequest& request) {
    const std::string call = request.url.substr(request.url.rfind('.') + 1);
    if (call == "createSession") {
      ++created;
      return tokens();
    }
    if (call == "refreshSession") {
      if (bearer(request) != refresh) return error(400, "ExpiredToken");
      ++refreshed;
      return tokens();
    }
    if (bearer(request) != access || now.micros >= ends.micros) return error(400, "ExpiredToken");
    const json body = json::parse(request.body);
    put.push_back(body);
    return answer(200, {{"cid", "bafy"},
                        {"uri", "at://" + body["repo"].get<std::string>() + "/" +
                                    body["collection"].get<std::string>() + "/" +
                                    body["rkey"].get<std::string>()}});
  }
  HttpAnswer tokens() {
    const std::int64_t from = now.micros / kSecond;
    access =
        token_of("{\"iat\":" + std::to_string(from) + ",\"exp\":" + std::to_string(from + life) +
                 ",\"n\":" + std::to_string(created + refreshed) + "}");
    refresh = "refresh" + std::to_string(created + refreshed);
    ends = Timestamp{(from + life) * kSecond};
    return answer(200, {{"accessJwt", access}, {"refreshJwt", refresh}, {"did", "did:plc:me"}});
  }

  Timestamp now{1'800'000'000 * kSecond};
  std::int64_t life = 120;
  std::string access{};
  std::string refresh{};
  Timestamp ends{};
  int created = 0;
  int refreshed = 0;
  std::vector<json> put{};
};

struct BlueskyTest {
  BlueskyTest() {
    post.post_id = "x:1";
    post.source = "x";
    post.text = "hello";
    post.created_at = Timestamp{1'800'000'000 * kSecond};
  }

  /// How a conversation with the server ends, where it goes on by itself.
  Step run(Conversation& conversation) {
    Step step = conversation.begin();
    while (auto* request = std::get_if<HttpRequest>(&step)) {
      step = conversation.answered(server(*request));
    }
    return step;
  }
  void sign_in() {
    if (const auto hello = bluesky->introduce()) {
      REQUIRE(std::holds_alternative<Published>(run(*hello)));
    }
  }
  /// What the publication of `post` ends with, as an HTTP target does it.
  Step publish() {
    const auto put = bluesky->converse(document);
    for (;;) {
      sign_in();
      Step step = run(*put);
      if (!std::holds_alternative<Anew>(step)) return step;
    }
  }
  /// What this answer means to a publication within a session that has served.
  Step answered(const HttpAnswer& answer) {
    publish();
    const auto put = bluesky->converse(document);
    put->begin();
    return put->answered(answer);
  }
  std::unique_ptr<Publisher> make(const std::string& service = "https://pds.example") {
    return make_bluesky({.account = {.service = service, .username = "me", .password = "pass"},
                         .target = "bluesky",
                         .pattern = "{text}",
                         .clock = [this] { return server.now; }});
  }

  Server server;
  Post post;
  Document document{&post, find_format("text"), "hello\n"};
  std::unique_ptr<Publisher> bluesky = make();
};

}  // namespace

TEST_CASE_METHOD(BlueskyTest, "a post is put where it is whenever it is put", "[bluesky]") {
  const Step first = publish();
  REQUIRE(std::holds_alternative<Published>(first));
  CHECK(std::get<Published>(publish()).location == std::get<Published>(first).location);
  bluesky = make();  // another process
  publish();
  REQUIRE(server.put.size() == 3);
  CHECK(server.put[0] == server.put[1]);
  CHECK(server.put[0] == server.put[2]);
  CHECK(server.put[0]["repo"] == "did:plc:me");
  CHECK(server.put[0]["collection"] == "app.bsky.feed.post");
  CHECK(server.put[0]["record"]["text"] == "hello");
}

TEST_CASE_METHOD(BlueskyTest, "over an hour the session is made once and renewed", "[bluesky]") {
  for (int second = 0; second < 3600; second += 5) {
    server.now.micros = (1'800'000'000 + std::int64_t{second}) * kSecond;
    REQUIRE(std::holds_alternative<Published>(publish()));
  }
  CHECK(server.put.size() == 720);
  CHECK(server.created == 1);
  CHECK(server.refreshed >= 29);
  CHECK(server.refreshed <= 34);
}

TEST_CASE_METHOD(BlueskyTest, "a session that ends early is renewed, once for all who meet it",
                 "[bluesky]") {
  publish();
  std::vector<std::unique_ptr<Conversation>> under_way;
  std::vector<HttpAnswer> answers;
  server.ends = server.now;
  for (std::size_t i = 0; i < 4; ++i) {
    under_way.push_back(bluesky->converse(document));
    answers.push_back(server(under_way.back()->begin()));
  }
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(std::holds_alternative<Anew>(under_way[i]->answered(answers[i])));
    sign_in();
    CHECK(std::holds_alternative<Published>(run(*under_way[i])));
  }
  CHECK(server.created == 1);
  CHECK(server.refreshed == 1);
}

TEST_CASE_METHOD(BlueskyTest, "a session that cannot be renewed is made anew", "[bluesky]") {
  publish();
  server.refresh = "another";
  server.ends = server.now;
  CHECK(std::holds_alternative<Published>(publish()));
  CHECK(server.created == 2);
}

TEST_CASE_METHOD(BlueskyTest, "a new session that is refused is not asked for again at once",
                 "[bluesky]") {
  server.life = 0;
  const Step step = publish();
  REQUIRE(std::holds_alternative<TryAgain>(step));
  CHECK(std::get<TryAgain>(step).why.starts_with("a new session is refused: HTTP 400: "));
}

TEST_CASE_METHOD(BlueskyTest, "what brings no session is said and tried again", "[bluesky]") {
  const auto hello = bluesky->introduce();
  REQUIRE(hello);
  const auto why = [&](const HttpAnswer& answer) {
    hello->begin();
    return std::get<TryAgain>(hello->answered(answer)).why;
  };
  CHECK(why(Server::error(401, "AuthenticationRequired")) ==
        R"(no session: HTTP 401: {"error":"AuthenticationRequired","message":)"
        R"("words of the server"})");
  CHECK(why(Server::answer(200, {{"did", "x"}})) == "no session: the answer has no token");
  CHECK(why(Server::answer(200, {{"accessJwt", "a"}})) == "no session: the answer has no did");
}

TEST_CASE_METHOD(BlueskyTest, "answers end a post, or not", "[bluesky]") {
  const auto refused = answered(Server::error(400, "InvalidRequest"));
  REQUIRE(std::holds_alternative<Refused>(refused));
  CHECK(std::get<Refused>(refused).why ==
        R"(HTTP 400: {"error":"InvalidRequest","message":"words of the server"})");
  CHECK(std::holds_alternative<Refused>(answered(Server::error(413, "PayloadTooLarge"))));
  CHECK(std::holds_alternative<Anew>(answered(Server::error(401, "AuthMissing"))));
  for (const auto& answer :
       {Server::error(401, "AccountTakedown"), Server::error(400, "RepoDeactivated"),
        Server::error(403, "Forbidden"), Server::error(404, "NotFound"), Server::answer(400, {}),
        Server::answer(302, {}), Server::answer(200, {}), Server::answer(200, {{"uri", 5}}),
        Server::answer(200, {{"uri", "at://did:plc:me/app.bsky.feed.post/another"}})}) {
    CHECK(std::holds_alternative<TryAgain>(answered(answer)));
  }
}

TEST_CASE_METHOD(BlueskyTest, "a post of Bluesky's own servers is where its readers see it",
                 "[bluesky]") {
  const auto location = [this](const std::string& service) {
    bluesky = make(service);
    return std::get<Published>(publish()).location;
  };
  CHECK(location("https://pds.example").starts_with("at://did:plc:me/app.bsky.feed.post/3"));
  CHECK(location("https://bsky.social").starts_with("https://bsky.app/profile/did:plc:me/post/3"));
  CHECK(location("https://morel.us-east.host.bsky.network")
            .starts_with("https://bsky.app/profile/did:plc:me/post/3"));
}
