#include "republisher/platforms/webhook.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <variant>

#include <nlohmann/json.hpp>

#include "republisher/platforms/platform_options.hpp"
#include "tests/catch.hpp"

using namespace pullwire;
using namespace pullwire::republisher;

namespace {

struct WebhookTest {
  WebhookTest() {
    post.post_id = "x:1";
    post.text = "hello";
  }

  static HttpAnswer answer(long status) {
    HttpAnswer answer;
    answer.status = status;
    return answer;
  }
  static std::string header(const HttpRequest& request, const std::string& name) {
    for (const std::string& header : request.headers) {
      if (header.starts_with(name + ": ")) return header.substr(name.size() + 2);
    }
    return {};
  }

  Post post;
  Document document{&post, find_format("text"), "hello\n"};
};

}  // namespace

// The example of the specification's reference libraries: its secret, id, time and body.
TEST_CASE("a message is signed as Standard Webhooks says", "[webhook]") {
  const std::string key = webhook_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  CHECK(key.size() == 24);
  CHECK(webhook_signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
                          R"({"test": 2432232314})") ==
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST_CASE("a webhook's secret is what receivers give", "[webhook]") {
  for (const char* secret :
       {"", "whsec_", "whsec_!!!", "whsec_c2hvcnQ=", "abc", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}) {
    CHECK_THROWS_AS(webhook_key(secret), std::invalid_argument);
  }
}

TEST_CASE_METHOD(WebhookTest, "a message has the post, the document, and the same id each time",
                 "[webhook]") {
  const auto webhook = make_webhook({.url = "https://h.example/in",
                                     .target = "hook",
                                     .key = webhook_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")});
  const auto message = webhook->converse(document);
  const HttpRequest first = message->begin();
  const HttpRequest second = webhook->converse(document)->begin();
  CHECK(first.method == "POST");
  CHECK(header(first, "webhook-id") == webhook_id(document, "hook"));
  CHECK(header(first, "webhook-id") == header(second, "webhook-id"));
  CHECK(first.body == second.body);
  CHECK(header(first, "webhook-signature").starts_with("v1,"));
  const auto json = nlohmann::json::parse(first.body);
  CHECK(json["data"]["post_id"] == "x:1");
  CHECK(json["data"]["content"] == "hello\n");
  CHECK(json["data"]["format"] == "text");
}

TEST_CASE_METHOD(WebhookTest, "ids differ by post, target and format, however they are cut",
                 "[webhook]") {
  const std::string id = webhook_id(document, "a");
  CHECK(id.size() == 36);
  CHECK(webhook_id(document, "b") != id);
  Document html = document;
  html.format = find_format("html");
  CHECK(webhook_id(html, "a") != id);
  post.post_id = "x:11:a";
  CHECK(webhook_id(document, "") != id);
}

TEST_CASE_METHOD(WebhookTest, "answers end a message, or not", "[webhook]") {
  const auto webhook = make_webhook({.url = "https://h.example/in", .target = "hook", .key = ""});
  const auto message = webhook->converse(document);
  CHECK(header(message->begin(), "webhook-signature").empty());
  CHECK(std::holds_alternative<Published>(message->answered(answer(204))));
  CHECK(std::holds_alternative<Refused>(message->answered(answer(410))));
  CHECK(std::holds_alternative<Refused>(message->answered(answer(413))));
  for (const long status : {302, 400, 403, 409}) {
    CHECK(std::holds_alternative<TryAgain>(message->answered(answer(status))));
  }
}

TEST_CASE_METHOD(WebhookTest, "a PDF travels in base64", "[webhook]") {
  document = {&post, find_format("pdf"), std::string{"\x00\xFF%PDF", 6}};
  const auto webhook = make_webhook({.url = "https://h.example/in", .target = "hook", .key = ""});
  const auto json = nlohmann::json::parse(webhook->converse(document)->begin().body);
  CHECK(json["data"]["content_base64"] == "AP8lUERG");
  CHECK_FALSE(json["data"].contains("content"));
}

TEST_CASE("what stands in a receiver's address behind ? is secret, each part of it", "[webhook]") {
  Table table{RawValue{.value = RawTable{}, .where = "", .base = {}}};
  const auto webhook = read_webhook(
      table, "hook", parse_url("https://h.example/in?v=2&token=hush%2Fhush&hushhush"), {})();
  const auto secrets = webhook->secrets();
  for (const char* secret : {"v=2&token=hush%2Fhush&hushhush", "hush%2Fhush", "hush/hush"}) {
    CHECK(std::count(secrets.begin(), secrets.end(), secret) == 1);
  }
  CHECK(std::count(secrets.begin(), secrets.end(), "2") == 0);
}
