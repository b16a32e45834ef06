#include "ingestor/sources/simulated.hpp"

#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/model/hashtag.hpp"
#include "tests/catch.hpp"
#include "tests/unit/ingestor/recorder.hpp"

using namespace pullwire;
using namespace pullwire::ingestor;
using namespace std::chrono_literals;

namespace {

std::unique_ptr<Source> simulate(std::string_view options, std::vector<std::string> hashtags = {}) {
  return make_simulated_source("simulated", parse_simulated_options(options), hashtags);
}

/// How many posts one pull gives.
std::size_t pull(Source& source, Time now, std::size_t wanted, Recorder& recorder) {
  const std::size_t before = recorder.posts.size();
  source.pull(now, wanted, recorder);
  return recorder.posts.size() - before;
}

}  // namespace

TEST_CASE("simulated posts are numbered from 1 and end at their count", "[simulated]") {
  const auto source = simulate("?count=3");
  CHECK(source->identity() == Source::Identity::Numbers);
  Recorder recorder;
  CHECK_FALSE(source->pull(Time{0}, 10, recorder).has_value());
  CHECK(recorder.ids() == "simulated:1 simulated:2 simulated:3");
  CHECK(recorder.posts[1].position == "2");
  CHECK(source->position() == "4");
  CHECK(recorder.requests == 1);
  CHECK_FALSE(source->pull(Time{0}, 10, recorder).has_value());
  CHECK(recorder.posts.size() == 3);
}

TEST_CASE("a simulated source gives what is wanted, at most a page at once", "[simulated]") {
  const auto source = simulate("");
  Recorder recorder;
  CHECK(pull(*source, 0s, 7, recorder) == 7);
  CHECK(pull(*source, 0s, 10'000, recorder) == 500);
  CHECK(recorder.requests == 2);
  const auto large = simulate("?bytes=262144");
  CHECK(pull(*large, 0s, 500, recorder) == 4);
}

TEST_CASE("a simulated post is a function of its number", "[simulated]") {
  const std::vector<std::string> hashtags{"one", "#\u00E9t\u00E9"};
  Recorder all;
  simulate("?count=40", hashtags)->pull(Time{0}, 40, all);
  std::set<std::string> texts;
  for (const auto& post : all.posts) {
    CHECK(post.text.size() == 280);
    CHECK(texts.insert(post.text).second);
    const auto source = simulate("?count=40&rate=1000&cost_ms=1", hashtags);
    source->resume(source->cursor(post.position));
    Recorder again;
    source->pull(Time{0}, 1, again);
    source->pull(1ms, 1, again);
    REQUIRE(again.posts.size() == 1);
    CHECK(again.posts[0].id == post.id);
    CHECK(again.posts[0].text == post.text);
  }
}

TEST_CASE("simulated posts have the hashtags in turn", "[simulated]") {
  const std::vector<std::string> hashtags{"one", "#\u00E9t\u00E9"};
  const std::size_t bytes = GENERATE(as<std::size_t>{}, 0, 4, 5, 6, 7, 8, 9, 10, 280);
  CAPTURE(bytes);
  Recorder recorder;
  simulate("?bytes=" + std::to_string(bytes), hashtags)->pull(Time{0}, 3, recorder);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto& text = recorder.posts[i].text;
    const auto found = find_hashtags(text);
    REQUIRE(found.size() == 1);
    CHECK(found[0].tag == (i == 1 ? "\u00E9t\u00E9" : "one"));
    CHECK(text.size() == std::max(bytes, found[0].size));
  }
}

TEST_CASE("simulated posts without hashtags have a text of exactly the bytes", "[simulated]") {
  for (const std::size_t bytes : {0U, 1U, 2U, 3U, 280U, 262'144U}) {
    Recorder recorder;
    simulate("?bytes=" + std::to_string(bytes))->pull(Time{0}, 1, recorder);
    CHECK(recorder.posts[0].text.size() == bytes);
    CHECK(find_hashtags(recorder.posts[0].text).empty());
  }
}

TEST_CASE("with a rate posts appear at their time and wait to be fetched", "[simulated]") {
  const auto source = simulate("?rate=3");
  Recorder recorder;
  CHECK(source->pull(10s, 5, recorder) == 10s + 333'333'333ns);
  CHECK(recorder.posts.size() == 1);
  CHECK(source->pull(10s + 333'333'332ns, 5, recorder) == 10s + 333'333'333ns);
  CHECK(recorder.posts.size() == 1);
  CHECK(source->pull(10s + 333'333'333ns, 1, recorder) == 10s + 666'666'667ns);
  CHECK(pull(*source, 20s, 10, recorder) == 10);
  CHECK(pull(*source, 20s, 100, recorder) == 31 - 12);
  CHECK(recorder.requests == recorder.posts.size());
  CHECK(pull(*source, 1'000'000s, 100, recorder) == 100);
}

TEST_CASE("a resumed rate counts from the number it resumed at", "[simulated]") {
  const auto source = simulate("?rate=10");
  source->resume("1001");
  Recorder recorder;
  CHECK(source->pull(5s, 10, recorder) == 5100ms);
  CHECK(recorder.ids() == "simulated:1001");
}

TEST_CASE("fetching begins when it is asked for and costs its time", "[simulated]") {
  const auto source = simulate("?cost_ms=2.5");
  Recorder recorder;
  CHECK(source->pull(1s, 1, recorder) == 1s + 2500us);
  CHECK(pull(*source, 1s + 2499us, 1, recorder) == 0);
  CHECK(recorder.requests == 0);
  CHECK(pull(*source, 1s + 2500us, 1, recorder) == 1);
  CHECK(recorder.requests == 1);
  CHECK(source->pull(3s, 1, recorder) == 3s + 2500us);
}

TEST_CASE("late calls do not slow a simulated cost down", "[simulated]") {
  const auto source = simulate("?cost_ms=1");
  Recorder recorder;
  Time now{0};
  for (std::size_t calls = 0; recorder.posts.size() < 10'000; ++calls) {
    now = *source->pull(now, 1'000, recorder) + std::chrono::microseconds{calls * 7 % 400};
  }
  const double ratio = static_cast<double>(now.count()) / 1e10;
  CHECK(ratio == Approx(1).epsilon(0.002));
}

TEST_CASE("several simulated posts are due at one late call, but no more than wanted",
          "[simulated]") {
  const auto source = simulate("?cost_ms=1");
  Recorder recorder;
  source->pull(Time{0}, 10, recorder);
  CHECK(pull(*source, 4500us, 10, recorder) == 4);
  CHECK(source->pull(4600us, 10, recorder) == 5ms);
  CHECK(pull(*source, 20ms, 3, recorder) == 3);
  CHECK(source->pull(20ms, 3, recorder) == 21ms);
}

TEST_CASE("nothing is fetched while there was no demand for long", "[simulated]") {
  const auto source = simulate("?cost_ms=1");
  Recorder recorder;
  source->pull(Time{0}, 10, recorder);
  CHECK(source->pull(60s, 10, recorder) == 60s + 1ms);
  CHECK(recorder.posts.size() == 1);
}

TEST_CASE("with a rate and a cost a post is fetched once it has appeared", "[simulated]") {
  const auto source = simulate("?rate=10&cost_ms=30");
  Recorder recorder;
  CHECK(source->pull(Time{0}, 5, recorder) == 30ms);
  CHECK(source->pull(30ms, 5, recorder) == 130ms);
  CHECK(source->pull(130ms, 1, recorder) == 200ms);
}

TEST_CASE("a cursor that is no number is passed over", "[simulated]") {
  for (const char* cursor : {"", "0", "x", "1x", "-1", "99999999999999999999"}) {
    CAPTURE(cursor);
    const auto source = simulate("");
    source->resume(cursor);
    CHECK(source->position() == "1");
  }
}

TEST_CASE("simulated options are read", "[simulated]") {
  const auto options = parse_simulated_options("?rate=0.5&count=7&bytes=100&cost_ms=1.25");
  CHECK(options.rate == 0.5);
  CHECK(options.count == 7);
  CHECK(options.bytes == 100);
  CHECK(options.cost == 1250us);
  CHECK(parse_simulated_options("").bytes == 280);
  CHECK(parse_simulated_options("?").count == 0);
}

TEST_CASE("a wrong simulated option is named", "[simulated]") {
  for (const auto& [text, name] :
       std::vector<std::pair<std::string, std::string>>{{"?speed=1", "'speed'"},
                                                        {"?rate=x", "rate"},
                                                        {"?rate=", "rate"},
                                                        {"?rate=-1", "rate"},
                                                        {"?rate=nan", "rate"},
                                                        {"?rate=inf", "rate"},
                                                        {"?rate=1e10", "rate"},
                                                        {"?count=1.5", "count"},
                                                        {"?count=-1", "count"},
                                                        {"?bytes=262145", "bytes"},
                                                        {"?bytes=1k", "bytes"},
                                                        {"?cost_ms=1ms", "cost_ms"},
                                                        {"?cost_ms=4e6", "cost_ms"},
                                                        {"?rate=1&rate=2", "rate"},
                                                        {"?count", "'count'"},
                                                        {"rate=1", "question mark"},
                                                        {"?rate=1&", "''"},
                                                        {"?&rate=1", "''"}}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_simulated_options(text), std::invalid_argument);
    CHECK_THROWS_WITH(parse_simulated_options(text), Catch::Contains(name));
  }
}
