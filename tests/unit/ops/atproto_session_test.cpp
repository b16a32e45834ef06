#include "common/ops/atproto_session.hpp"

#include <algorithm>
#include <string>

#include "tests/catch.hpp"
#include "tests/unit/atproto_token.hpp"

using namespace pullwire;
using pullwire::tests::token_of;

namespace {

constexpr std::int64_t kSecond = 1'000'000;

struct AtprotoSessionTest {
  static HttpAnswer answer(const std::string& body, long status = 200) {
    HttpAnswer answer;
    answer.status = status;
    answer.body = body;
    return answer;
  }
  /// Tokens of this number; the access token with `claims`, if there are some.
  static HttpAnswer tokens(const std::string& number, const std::string& claims = "") {
    const std::string access = claims.empty() ? "a" + number : token_of(claims);
    return answer(R"({"accessJwt":")" + access + R"(","refreshJwt":"r)" + number +
                  R"(","did":"did:plc:me","handle":"me.test"})");
  }
  [[nodiscard]] std::string asks() const {
    const std::string url = session.request().url;
    return url.substr(url.rfind('.') + 1);
  }

  Timestamp now{1'800'000'000 * kSecond};
  AtprotoSession session{{.service = "https://b.example", .username = "me", .password = "pass"},
                         [this] { return now; }};
};

}  // namespace

TEST_CASE_METHOD(AtprotoSessionTest, "a session is made once and then renewed", "[atproto]") {
  CHECK_FALSE(session.lives());
  CHECK(session.authorization().empty());
  CHECK(session.request().body == R"({"identifier":"me","password":"pass"})");
  REQUIRE(session.take(tokens("1", R"({"iat":1800000000,"exp":1800007200})")));
  CHECK(session.did() == "did:plc:me");
  CHECK(session.lives());
  now.micros += 7139 * kSecond;
  CHECK(session.lives());
  now.micros += 1 * kSecond;  // a minute before its end
  CHECK_FALSE(session.lives());
  CHECK(asks() == "refreshSession");
  CHECK(session.request().headers == std::vector<std::string>{"Authorization: Bearer r1"});
  CHECK(session.request().body.empty());
  REQUIRE(session.take(tokens("2")));
  CHECK(session.lives());
  CHECK(session.authorization() == "Authorization: Bearer a2");
}

TEST_CASE_METHOD(AtprotoSessionTest, "where a session cannot be renewed, the next has the password",
                 "[atproto]") {
  REQUIRE(session.take(tokens("1")));
  CHECK(session.refused("a1") == false);  // it never served
  // The server has trouble, or it is too early: that is no refusal.
  for (const long status : {429, 500, 503}) CHECK_FALSE(session.take(answer("", status)));
  CHECK_FALSE(session.take(answer("no JSON")));
  CHECK_FALSE(session.take(answer("[]")));
  CHECK_FALSE(session.take(answer(R"({"accessJwt":7})")));
  CHECK_FALSE(session.take(answer(R"({"accessJwt":"a\r\nX: y"})")));
  CHECK(asks() == "refreshSession");
  CHECK_FALSE(session.take(answer(R"({"error":"ExpiredToken"})", 400)));
  CHECK(asks() == "createSession");
}

TEST_CASE_METHOD(AtprotoSessionTest, "a token that ends late does not end the next one",
                 "[atproto]") {
  REQUIRE(session.take(tokens("1")));
  session.served("a1");
  CHECK(session.refused("a1"));
  CHECK_FALSE(session.lives());
  CHECK(session.refused("a1"));
  REQUIRE(session.take(tokens("2")));
  CHECK(session.refused("a1"));
  CHECK(session.lives());
  const auto secrets = session.secrets();
  for (const char* secret : {"pass", "a1", "r1", "a2", "r2"}) {
    CHECK(std::find(secrets.begin(), secrets.end(), secret) != secrets.end());
  }
}

TEST_CASE_METHOD(AtprotoSessionTest, "what says that a session is over", "[atproto]") {
  CHECK(AtprotoSession::is_over(answer("", 401)));
  CHECK(AtprotoSession::is_over(answer(R"({"error":"ExpiredToken"})", 400)));
  CHECK(AtprotoSession::is_over(answer(R"({"error":"InvalidToken"})", 400)));
  CHECK_FALSE(AtprotoSession::is_over(answer(R"({"error":"InvalidRequest"})", 400)));
  CHECK_FALSE(AtprotoSession::is_over(answer(R"({"error":"x","message":"ExpiredToken"})", 400)));
  CHECK_FALSE(AtprotoSession::is_over(answer("", 403)));
}

TEST_CASE("how long a token lives is what it says, by its own clock", "[atproto]") {
  const Timestamp now{1000 * kSecond};
  CHECK(token_life(token_of(R"({"iat":50,"exp":57})"), now) == 7 * kSecond);
  CHECK(token_life(token_of(R"({"exp":1002.5})"), now) == 5 * kSecond / 2);
  for (const std::string& token :
       {std::string{}, std::string{"a"}, std::string{"a.b"}, std::string{"a.!.c"}, token_of("[]"),
        token_of("{}"), token_of(R"({"exp":"soon"})"), token_of(R"({"exp":999})"),
        token_of(R"({"exp":1e300})"), token_of(R"({"iat":9,"exp":9})"),
        token_of(R"({"exp":1001,"x":")" + std::string(20'000, 'x') + "\"}")}) {
    CHECK_FALSE(token_life(token, now));
  }
}
