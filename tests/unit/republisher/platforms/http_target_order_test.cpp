// When publications of a target over HTTP may begin.
#include <algorithm>
#include <string>

#include "tests/unit/republisher/platforms/http_target_fixture.hpp"

using namespace pullwire;
using namespace pullwire::republisher;
using namespace pullwire::republisher::tests;

TEST_CASE_METHOD(HttpTargetTest, "an introduction comes first, once, alone", "[http_target]") {
  make({.connections = 4}, {.introduces = true});
  for (const char* id : {"a", "b", "c"}) publish(id);
  run();
  CHECK(asked() == "/hello /a /b /c");
}

TEST_CASE_METHOD(HttpTargetTest, "an introduction that fails is made again, and nothing before",
                 "[http_target]") {
  make({.connections = 4}, {.introduces = true});
  answers["/hello"] = {CannedServer::answer("500 No", "", ""),
                       CannedServer::answer("403 No", "", ""),
                       CannedServer::answer("200 OK", "", "")};
  for (const char* id : {"a", "b"}) publish(id);
  run();
  CHECK(asked() == "/hello /hello /hello /a /b");
}

TEST_CASE_METHOD(HttpTargetTest, "what waits for an introduction that fails says why",
                 "[http_target]") {
  make({.defer_after = 100ms}, {.introduces = true});
  answers["/hello"] = {CannedServer::answer("403 No", "", "")};
  publish("a");
  run();
  CHECK(outcomes["a"].status == Status::Deferred);
  CHECK(outcomes["a"].error == "no hello");
}

TEST_CASE_METHOD(HttpTargetTest, "an introduction that has expired is made anew, at once",
                 "[http_target]") {
  make({.connections = 1}, {.introduces = true});
  answers["/a"] = {CannedServer::answer("498 Expired", "", ""),
                   CannedServer::answer("200 OK", "", "")};
  const net::Time began = loop.now();
  publish("a");
  run();
  CHECK(asked() == "/hello /a /hello /a");
  CHECK(loop.now() - began < 300ms);
}

TEST_CASE_METHOD(HttpTargetTest, "an introduction that never counts is a failure in the end",
                 "[http_target]") {
  make({.defer_after = 300ms}, {.introduces = true});
  answers["/a"] = {CannedServer::answer("498 Expired", "", "")};
  publish("a");
  run();
  CHECK(outcomes["a"].status == Status::Deferred);
  CHECK(outcomes["a"].error == "expired");
  CHECK(paths.size() < 30);
}

TEST_CASE_METHOD(HttpTargetTest, "a target that wants nothing more is asked no more",
                 "[http_target]") {
  make({.connections = 1});
  answers["/a"] = {CannedServer::answer("410 Gone", "", "")};
  for (const char* id : {"a", "b"}) publish(id);
  run();
  publish("c");
  for (const auto& [id, outcome] : outcomes) {
    CHECK(outcome.status == Status::Failed);
    CHECK(outcome.error == "gone");
  }
  CHECK(asked() == "/a");
}

TEST_CASE_METHOD(HttpTargetTest, "what must be looked for waits until the last request has ended",
                 "[http_target]") {
  HttpTargetConfig config{.dead_time = 300ms};
  config.limits.total = 100ms;
  const auto waited = [&](Simple::Options options, const char* first, bool redelivered) {
    make(config, std::move(options));
    answers["/a"] = {first, CannedServer::answer("200 OK", "", "")};
    paths.clear();
    documents.clear();
    outcomes.clear();
    const net::Time began = loop.now();
    publish("a", redelivered);
    run();
    CHECK(outcomes["a"].status == Status::Published);
    return loop.now() - began;
  };
  const Simple::Options look_up{.looks_up = true, .method = "POST"};
  const std::string fine = CannedServer::answer("200 OK", "", "");
  const std::string broken = CannedServer::answer("502 No", "", "");
  const std::string throttled = CannedServer::answer("429 No", "", "");
  CHECK(waited(look_up, broken.c_str(), false) >= 400ms);  // it may have been passed on
  CHECK(waited(look_up, "HTTP/1.1 200", false) >= 400ms);  // cut
  CHECK(waited(look_up, fine.c_str(), true) >= 400ms);
  CHECK(waited(look_up, throttled.c_str(), false) < 300ms);
  CHECK(waited({.looks_up = false, .method = "POST"}, broken.c_str(), false) < 300ms);
  CHECK(waited({.looks_up = false, .method = "POST"}, fine.c_str(), true) < 300ms);
  CHECK(waited({.looks_up = true, .method = "GET"}, broken.c_str(), false) < 300ms);
}

TEST_CASE_METHOD(HttpTargetTest, "what is looked for and fails each time is deferred in the end",
                 "[http_target]") {
  HttpTargetConfig config{.defer_after = 300ms, .dead_time = 100ms};
  config.limits.total = 100ms;
  make(config, {.looks_up = true, .method_again = "POST"});
  answers["/a"] = {CannedServer::answer("202 Not there", "", "")};
  answers["/a/again"] = {CannedServer::answer("500 No", "", "")};
  const auto stop = loop.at(loop.now() + 5s, [&] { loop.stop(); });
  publish("a");
  run();
  loop.cancel(stop);
  REQUIRE(outcomes.contains("a"));
  CHECK(outcomes["a"].status == Status::Deferred);
  CHECK(asked().starts_with("/a /a/again /a /a/again"));  // once the fence is over
  CHECK(paths.size() <= 8);
}

TEST_CASE_METHOD(HttpTargetTest, "while one waits for its fence others go on", "[http_target]") {
  HttpTargetConfig config{.dead_time = 100ms};
  config.limits.total = 100ms;
  make(config, {.looks_up = true, .method = "POST"});
  publish("a", true);
  publish("b");
  run();
  CHECK(asked() == "/b /a");
}

TEST_CASE_METHOD(HttpTargetTest, "what waits can be deferred, what is under way cannot",
                 "[http_target]") {
  make({.connections = 1, .defer_after = 1s});
  for (const char* id : {"a", "b"}) publish(id);
  CHECK_FALSE(target->defer(documents[0], "late"));
  CHECK(target->defer(documents[1], "late"));
  CHECK(outcomes["b"].status == Status::Deferred);
  CHECK_FALSE(target->defer(documents[1], "late"));
  run();
  CHECK(outcomes["a"].status == Status::Published);
}

TEST_CASE_METHOD(HttpTargetTest, "what a target that fails has not taken waits for its back-off",
                 "[http_target]") {
  make({.connections = 1, .defer_after = 10s});
  answers["/bad"] = {CannedServer::answer("500 No", "Retry-After: 100\r\n", "")};
  answers["/worse"] = {CannedServer::answer("500 No", "", "")};
  const auto wait_of = [&](const char* bad, const char* id) {
    make({.connections = 1, .defer_after = 10s});
    publish(bad);
    loop.at(loop.now() + 50ms, [&] { loop.stop(); });
    loop.run();
    publish(id);
    if (!outcomes.contains(id)) REQUIRE(target->defer(documents.back(), "late"));
    return static_cast<double>(outcomes[id].retry_at->micros - wall_clock().micros) / 1e6;
  };
  CHECK(wait_of("bad", "a") == Approx(100).margin(1));
  CHECK(wait_of("worse", "b") == Approx(10).margin(1));
}

TEST_CASE_METHOD(HttpTargetTest, "what a slow target has not taken comes back at its pace",
                 "[http_target]") {
  make({.connections = 1, .defer_after = 10s});
  for (const char* id : {"a", "b", "c", "d"}) publish(id);
  for (std::size_t i = 1; i < 4; ++i) REQUIRE(target->defer(documents[i], "late"));
  const auto at = [&](const char* id) { return outcomes[id].retry_at->micros; };
  CHECK(at("b") - wall_clock().micros < 1'000'000);
  CHECK(at("c") - at("b") >= 49'000);  // until it is known to be faster
  CHECK(at("d") - at("c") >= 49'000);
}

TEST_CASE_METHOD(HttpTargetTest, "a pause is no part of a target's pace", "[http_target]") {
  make({.connections = 1, .defer_after = 10s});
  publish("a");
  run();
  loop.at(loop.now() + 2s, [&] { loop.stop(); });
  loop.run();
  for (const char* id : {"b", "c", "d", "e"}) publish(id);
  for (std::size_t i = 2; i < 5; ++i) documents[i].may_begin = [] { return false; };
  loop.at(loop.now() + 50ms, [&] { loop.stop(); });
  loop.run();
  for (std::size_t i = 3; i < 5; ++i) REQUIRE(target->defer(documents[i], "late"));
  CHECK(outcomes["e"].retry_at->micros - outcomes["d"].retry_at->micros < 100'000);
}

TEST_CASE_METHOD(HttpTargetTest, "a target with a rate begins nothing before it knows its part",
                 "[http_target]") {
  make({.defer_after = 200ms, .pace = {.rate = 1000}});
  publish("a");
  run();
  CHECK(outcomes["a"].status == Status::Deferred);
  CHECK(paths.empty());
  target->share(1);
  publish("b");
  run();  // the part is known, but others may not know of it yet
  CHECK(outcomes["b"].status == Status::Deferred);
  CHECK(paths.empty());
}

TEST_CASE_METHOD(HttpTargetTest, "what is deferred without a reporter keeps its fence",
                 "[http_target]") {
  HttpTargetConfig config{.pace = {.rate = 1000}, .dead_time = 30s};
  config.limits.total = 30s;
  make(config, {.looks_up = true});
  publish("a", true);
  REQUIRE(target->defer(documents[0], "late"));
  CHECK(outcomes["a"].retry_at->micros - wall_clock().micros > 59'000'000);
}

TEST_CASE_METHOD(HttpTargetTest, "the fence counts from when nobody had it any more",
                 "[http_target]") {
  HttpTargetConfig config{.dead_time = 300ms};
  config.limits.total = 100ms;
  make(config, {.looks_up = true, .method = "POST"});
  const net::Time began = loop.now();
  publish("a", true, 10s);
  run();
  CHECK(loop.now() - began < 300ms);
}

TEST_CASE_METHOD(HttpTargetTest, "no request is made while its ingestor is silent",
                 "[http_target]") {
  make({.connections = 1, .defer_after = 2s});
  answers["/two"] = {CannedServer::answer("202 Go on", "", "")};
  publish("two");
  documents.back().may_begin = [this] { return paths.empty(); };
  publish("b");
  loop.at(loop.now() + 50ms, [&] {
    CHECK(asked() == "/two /b");  // the second request of the first waits
    documents.front().may_begin = [] { return true; };
  });
  run();
  CHECK(outcomes["two"].status == Status::Published);
  CHECK(asked() == "/two /b /two/again");
}

TEST_CASE_METHOD(HttpTargetTest, "a publication of several requests goes on when a 429 is over",
                 "[http_target]") {
  make({.connections = 2, .defer_after = 5s});
  answers["/two"] = {CannedServer::answer("202 Go on", "", "")};
  answers["/a"] = {CannedServer::answer("429 No", "Retry-After: 1\r\n", ""),
                   CannedServer::answer("200 OK", "", "")};
  for (const char* id : {"a", "two"}) publish(id);
  const net::Time began = loop.now();
  run();
  CHECK(asked() == "/a /two /two/again /a");
  CHECK(loop.now() - began >= 1s);
}

TEST_CASE_METHOD(HttpTargetTest, "what travels alone does not wait for its turn", "[http_target]") {
  make({.connections = 1, .defer_after = 30s});
  answers["/a"] = {CannedServer::answer("429 No", "Retry-After: 20\r\n", "")};
  publish("a");
  loop.at(loop.now() + 50ms, [&] { loop.stop(); });
  loop.run();
  Post& post = posts.emplace_back();
  post.post_id = "b";
  Document& document = documents.emplace_back();
  document.post = &post;
  document.alone = true;
  std::optional<Outcome> outcome;
  target->publish(document, [&](Outcome ended) { outcome = std::move(ended); });
  REQUIRE(outcome);
  CHECK(outcome->status == Status::Deferred);
  documents.pop_back();
}
