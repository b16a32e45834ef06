#include <algorithm>
#include <string>

#include "tests/unit/republisher/platforms/http_target_fixture.hpp"

using namespace pullwire;
using namespace pullwire::republisher;
using namespace pullwire::republisher::tests;

TEST_CASE_METHOD(HttpTargetTest, "a publication ends with what its platform says",
                 "[http_target]") {
  make();
  answers["/never"] = {CannedServer::answer("422 No", "", "too\nrude")};
  answers["/two"] = {CannedServer::answer("202 Go on", "", "")};
  for (const char* id : {"fine", "never", "two"}) publish(id);
  run();
  CHECK(outcomes["fine"].status == Status::Published);
  CHECK(outcomes["fine"].location == "at /fine");
  CHECK(outcomes["never"].status == Status::Failed);
  CHECK(outcomes["never"].error == "HTTP 422: too\\nrude");
  CHECK(outcomes["two"].location == "at /two/again");
}

TEST_CASE_METHOD(HttpTargetTest, "what failed for now is tried again", "[http_target]") {
  make();
  answers["/a"] = {CannedServer::answer("503 Busy", "", ""), CannedServer::answer("409 No", "", ""),
                   CannedServer::answer("200 OK", "", "there")};
  publish("a");
  run();
  CHECK(outcomes["a"].location == "there");
  CHECK(asked() == "/a /a /a");
}

TEST_CASE_METHOD(HttpTargetTest, "publications that failed together all go through in the end",
                 "[http_target]") {
  make({.connections = 4});
  for (const char* id : {"a", "b", "c", "d", "e"}) {
    answers[std::string{"/"} + id] = {CannedServer::answer("500 No", "", ""),
                                      CannedServer::answer("200 OK", "", "x")};
    publish(id);
  }
  run();
  CHECK(outcomes.size() == 5);
  CHECK(paths.size() == 10);
  for (const auto& [id, outcome] : outcomes) CHECK(outcome.status == Status::Published);
}

TEST_CASE_METHOD(HttpTargetTest, "what cannot begin in time is deferred with its time",
                 "[http_target]") {
  make({.defer_after = 200ms});
  answers["/a"] = {CannedServer::answer("429 Slow", "Retry-After: 60\r\n", "")};
  publish("a");
  run();
  CHECK(outcomes["a"].status == Status::Deferred);
  CHECK(outcomes["a"].error == "asked too often (HTTP 429)");
  REQUIRE(outcomes["a"].retry_at);
  const double ahead =
      static_cast<double>(outcomes["a"].retry_at->micros - wall_clock().micros) / 1e6;
  CHECK(ahead > 58);
  CHECK(ahead < 61);
  publish("b");
  CHECK(outcomes["b"].status == Status::Deferred);
  CHECK(asked() == "/a");
}

TEST_CASE_METHOD(HttpTargetTest, "a target that is not there is waited for, then deferred to",
                 "[http_target]") {
  target = std::make_unique<HttpTarget>(
      std::make_unique<Simple>("http://127.0.0.1:1", Simple::Options{}),
      HttpTargetConfig{.defer_after = 50ms, .first_back_off = 10ms}, loop, http);
  publish("a");
  run();
  CHECK(outcomes["a"].status == Status::Deferred);
  CHECK(outcomes["a"].error.find("onnect") != std::string::npos);
}

TEST_CASE_METHOD(HttpTargetTest, "one post that always fails does not keep the others waiting",
                 "[http_target]") {
  make({.connections = 1, .defer_after = 1s});
  answers["/bad"] = {CannedServer::answer("500 No", "", "")};
  for (const char* id : {"bad", "a", "b", "c"}) publish(id);
  run();
  CHECK(outcomes["bad"].status == Status::Deferred);
  for (const char* id : {"a", "b", "c"}) CHECK(outcomes[id].status == Status::Published);
  CHECK(paths[1] == "/a");
}

TEST_CASE_METHOD(HttpTargetTest, "what the platform has forbidden no other answer allows",
                 "[http_target]") {
  make({.connections = 2, .defer_after = 300ms});
  answers["/a"] = {CannedServer::answer("429 Slow", "Retry-After: 60\r\n", "")};
  for (const char* id : {"a", "b"}) publish(id);
  run();
  CHECK(outcomes["b"].status == Status::Published);
  CHECK(outcomes["a"].status == Status::Deferred);
  CHECK(std::count(paths.begin(), paths.end(), "/a") == 1);
}

TEST_CASE_METHOD(HttpTargetTest, "a password that is refused is tried less and less",
                 "[http_target]") {
  make({.connections = 4, .defer_after = 400ms});
  for (const char* id : {"a", "b", "c", "d"}) {
    answers[std::string{"/"} + id] = {CannedServer::answer("409 No", "", "")};
    publish(id);
  }
  run();
  CHECK(paths.size() <= 12);  // four at first, then one after 10, 20, 40 … ms
  for (const auto& [id, outcome] : outcomes) CHECK(outcome.error == "conflict");
}

TEST_CASE_METHOD(HttpTargetTest, "no secret is repeated that a server says", "[http_target]") {
  make();
  answers["/a"] = {CannedServer::answer("422 No", "", "you said hunter2")};
  publish("a");
  run();
  CHECK(outcomes["a"].error == "HTTP 422: you said ***");
}

TEST_CASE_METHOD(HttpTargetTest, "no secret is repeated that stands in what looks like a success",
                 "[http_target]") {
  make({.defer_after = 100ms});
  answers["/a"] = {CannedServer::answer("206 OK", "", "you said hunter2")};
  answers["/b"] = {CannedServer::answer("206 OK", "", std::string(296, 'x') + "hunter2")};
  publish("a");
  publish("b");
  run();
  CHECK(outcomes["a"].error == "HTTP 206: you said ***");
  CHECK(outcomes["b"].error == "HTTP 206: " + std::string(296, 'x') + "***…");
}

TEST_CASE_METHOD(HttpTargetTest, "when the process is to end nothing waits for long",
                 "[http_target]") {
  make({.connections = 1});
  answers["/a"] = {CannedServer::answer("429 Slow", "Retry-After: 20\r\n", "")};
  for (const char* id : {"a", "b"}) publish(id);
  loop.at(loop.now() + 100ms, [&] { target->drain(); });
  run();
  for (const auto& [id, outcome] : outcomes) CHECK(outcome.status == Status::Deferred);
}

TEST_CASE_METHOD(HttpTargetTest, "a target that goes leaves no request behind", "[http_target]") {
  make();
  publish("a");
  target.reset();
  CHECK(http.under_way() == 0);
}

TEST_CASE_METHOD(HttpTargetTest, "what the platform says here is told to others, once",
                 "[http_target]") {
  const auto closed_after = [&](const std::string& answer) {
    make({.connections = 1, .defer_after = 1s});
    answers["/a"] = {answer};
    documents.clear();
    outcomes.clear();
    publish("a");
    run();
    return target->closed_for();
  };
  const auto minute = [](std::chrono::nanoseconds time) { return time > 58s && time <= 60s; };
  CHECK(closed_after(CannedServer::answer("200 OK", "", "")) == 0s);
  CHECK(closed_after(CannedServer::answer("500 No", "", "")) == 0s);
  CHECK(minute(closed_after(CannedServer::answer("429 No", "Retry-After: 60\r\n", ""))));
  CHECK(minute(closed_after(CannedServer::answer("503 No", "Retry-After: 60\r\n", ""))));
  CHECK(minute(closed_after(
      CannedServer::answer("200 OK", "RateLimit-Remaining: 0\r\nRateLimit-Reset: 60\r\n", ""))));
  target->close_for(1h);  // by what another was told
  CHECK(target->closed_for() <= 60s);
}

TEST_CASE_METHOD(HttpTargetTest, "a look-up that works does not undo the back-off of what fails",
                 "[http_target]") {
  make({.connections = 4, .defer_after = 400ms});
  for (const char* id : {"a", "b", "c", "d"}) {
    answers[std::string{"/"} + id] = {CannedServer::answer("202 Go on", "", "")};
    answers["/" + std::string{id} + "/again"] = {CannedServer::answer("500 No", "", "")};
    publish(id);
  }
  run();
  CHECK(paths.size() <= 24);  // four times two at first, then one after 10, 20, 40 … ms
  for (const auto& [id, outcome] : outcomes) CHECK(outcome.status == Status::Deferred);
}
