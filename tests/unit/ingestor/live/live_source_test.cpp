#include "ingestor/live/live_source.hpp"

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "tests/catch.hpp"
#include "tests/unit/canned_server.hpp"
#include "tests/unit/ingestor/recorder.hpp"

using namespace pullwire;
using namespace pullwire::ingestor;
using namespace std::chrono_literals;
using pullwire::tests::CannedServer;

namespace {

/// A platform whose pages are lines "ID ID … NEXT", one stream for each name.
class Pages : public Platform {
 public:
  Pages(std::string base, std::vector<std::string> streams, std::string address)
      : base_{std::move(base)}, streams_{std::move(streams)}, address_{std::move(address)} {}

  const std::vector<std::string>& streams() const override { return streams_; }
  std::string address() const override { return address_; }
  bool searches_hashtags() const override { return true; }
  HttpRequest request(const std::string& stream, const std::string& place,
                      Timestamp) const override {
    return {.url = base_ + "/" + stream + "/" + place};
  }
  Page read(const HttpAnswer& answer, const std::string&, const std::string& place) const override {
    if (answer.status != 200) throw BadAnswer{"status " + std::to_string(answer.status)};
    Page page;
    std::string word;
    for (const char c : answer.body + " ") {
      if (c != ' ') {
        word += c;
        continue;
      }
      if (!word.empty()) {
        page.posts.push_back({});
        page.posts.back().id = std::exchange(word, {});
      }
    }
    page.place = place + "+";
    page.more = !page.posts.empty();
    return page;
  }
  std::string without_page(const std::string&) const override { return "again"; }

 private:
  std::string base_;
  std::vector<std::string> streams_;
  std::string address_;
};

struct LiveSourceTest {
  std::unique_ptr<Source> make(std::vector<std::string> streams, Time interval = 1h,
                               HttpLimits limits = {}) {
    auto source =
        make_live_source("s", std::make_shared<Pages>(server.url(""), std::move(streams), address),
                         {.limits = limits, .interval = interval}, outside);
    source->on_news([this] { loop.stop(); });
    return source;
  }

  /// Pulls until nothing is left to wait for but time.
  std::optional<Time> drain(Source& source, std::size_t wanted = 100) {
    for (;;) {
      const auto again = source.pull(loop.now(), wanted, recorder);
      if (!again) return again;
      if (*again == kWhenNews) {
        loop.run();
      } else if (*again > loop.now()) {
        return again;
      }
    }
  }

  std::string address = "pages";
  std::map<std::string, std::string> pages;  // by path
  std::vector<std::string> asked;
  net::Loop loop;
  CannedServer server{loop, [this](const std::string& request) {
                        const std::string path = request.substr(4, request.find(" HTTP") - 4);
                        asked.push_back(path);
                        const auto found = pages.find(path);
                        if (found == pages.end()) return CannedServer::answer("200 OK", "", "");
                        if (found->second.starts_with("HTTP")) return found->second;
                        return CannedServer::answer("200 OK", "", found->second);
                      }};
  Outside outside{loop};
  Recorder recorder;
};

}  // namespace

TEST_CASE_METHOD(LiveSourceTest, "no request is made before a pull, and one page waits at most",
                 "[live_source]") {
  pages["/a/"] = "1 2 3";
  const auto source = make({"a"});
  CHECK(asked.empty());
  CHECK(source->pull(loop.now(), 2, recorder) == kWhenNews);
  CHECK(source->pull(loop.now(), 2, recorder) == kWhenNews);
  loop.run();
  CHECK(source->pull(loop.now(), 2, recorder) == loop.now());
  CHECK(recorder.ids() == "s:1 s:2");
  CHECK(source->pull(loop.now(), 1, recorder) == loop.now());
  CHECK(recorder.ids() == "s:1 s:2 s:3");
  CHECK(asked.size() == 1);
  CHECK(recorder.requests == 1);
}

TEST_CASE_METHOD(LiveSourceTest, "a position reads its post's page again and all after it",
                 "[live_source]") {
  pages = {{"/a/", "1 2"}, {"/b/", "3"}, {"/a/+", "4"}};
  const auto source = make({"a", "b"});
  drain(*source);
  CHECK(recorder.ids() == "s:1 s:2 s:3 s:4");
  CHECK(recorder.posts[1].position == R"({"":"pages"})");
  CHECK(recorder.posts[2].position == R"({"":"pages","a":"+"})");
  CHECK(recorder.posts[3].position == R"({"":"pages","a":"+","b":"+"})");
  CHECK(source->position() == R"({"":"pages","a":"+++","b":"++"})");

  asked.clear();
  const auto again = make({"b", "a"});
  again->resume(source->cursor(recorder.posts[2].position));
  drain(*again);
  CHECK(asked.size() == 4);
  CHECK(asked[0] == "/b/");
  CHECK(asked[1] == "/a/+");
}

TEST_CASE_METHOD(LiveSourceTest, "a cursor that is none starts from the beginning",
                 "[live_source]") {
  for (const char* cursor : {"", "7", "{\"a\":7}", "[]", "{"}) {
    asked.clear();
    const auto source = make({"a"});
    source->resume(cursor);
    drain(*source);
    CHECK(asked == std::vector<std::string>{"/a/"});
  }
}

TEST_CASE_METHOD(LiveSourceTest, "streams take turns, and one with nothing new rests",
                 "[live_source]") {
  pages = {{"/a/", "1"}, {"/a/+", "2"}, {"/a/++", "3"}, {"/b/", "9"}};
  const auto source = make({"a", "b"});
  const auto again = drain(*source);
  REQUIRE(again);
  CHECK(*again > loop.now() + 59min);
  CHECK(asked == std::vector<std::string>{"/a/", "/b/", "/a/+", "/b/+", "/a/++", "/a/+++"});
}

TEST_CASE_METHOD(LiveSourceTest, "a failure is told, waited for, and moves nothing",
                 "[live_source]") {
  pages["/a/"] = CannedServer::answer("503 Busy", "", "");
  const auto source = make({"a"}, 10ms);
  const auto again = drain(*source);
  REQUIRE(again);
  CHECK(recorder.errors == std::vector<std::string>{"the server failed: HTTP 503"});
  CHECK(source->position() == R"({"":"pages"})");
  pages["/a/"] = CannedServer::answer("404 Not Found", "", "");
  loop.at(*again, [&] { loop.stop(); });
  loop.run();
  drain(*source);
  CHECK(recorder.errors.back() == "status 404");
  CHECK(recorder.recoveries == 0);
}

TEST_CASE_METHOD(LiveSourceTest, "a page that fails again and again is left", "[live_source]") {
  pages["/a/"] = "1";
  pages["/a/+"] = CannedServer::answer("500 No", "", "");
  pages["/a/again"] = "2";
  const auto source = make({"a"}, 1ms);
  while (recorder.ids() != "s:1 s:2") {
    const auto again = drain(*source, 1);
    loop.at(*again, [&] { loop.stop(); });
    loop.run();
  }
  CHECK(std::count(asked.begin(), asked.end(), "/a/+") == 8);
}

TEST_CASE_METHOD(LiveSourceTest, "the server's word on when to come again is kept",
                 "[live_source]") {
  pages["/a/"] = CannedServer::answer("429 Too Many", "Retry-After: 30\r\n", "");
  const auto source = make({"a"}, 10ms);
  const auto again = drain(*source);
  REQUIRE(again);
  CHECK(*again - loop.now() <= 30s);
  CHECK(*again - loop.now() > 29s);
  CHECK(recorder.errors.front() == "asked too often (HTTP 429); waits as long as the server says");
}

TEST_CASE_METHOD(LiveSourceTest, "a source that goes while it waits leaves nothing behind",
                 "[live_source]") {
  pages["/a/"] = "1";
  CHECK(make({"a"})->pull(loop.now(), 1, recorder) == kWhenNews);
  CHECK(outside.http.under_way() == 0);
}

TEST_CASE_METHOD(LiveSourceTest, "a stream that is refused does not keep the others waiting",
                 "[live_source]") {
  pages["/bad/"] = CannedServer::answer("404 Not Found", "", "");
  pages["/good/"] = "1 2";
  const auto source = make({"bad", "good"}, 10ms);
  const auto again = drain(*source);
  REQUIRE(again);
  CHECK(recorder.ids() == "s:1 s:2");
  CHECK(std::count(asked.begin(), asked.end(), "/bad/") == 1);
  CHECK(recorder.errors.front() == "bad: status 404");
}

TEST_CASE_METHOD(LiveSourceTest, "after a failure of the platform another stream tries first",
                 "[live_source]") {
  pages["/a/"] = CannedServer::answer("503 Busy", "", "");
  pages["/b/"] = "1";
  const auto source = make({"a", "b"}, 10ms);
  const auto again = drain(*source);
  loop.at(*again, [&] { loop.stop(); });
  loop.run();
  drain(*source);
  CHECK(asked[1] == "/b/");
}

TEST_CASE_METHOD(LiveSourceTest, "a place that moves without a post is told", "[live_source]") {
  const auto source = make({"a"});
  drain(*source);
  CHECK(recorder.moves == 1);
}

TEST_CASE_METHOD(LiveSourceTest, "a cursor of another address is of no use", "[live_source]") {
  pages["/a/"] = "1";
  const auto before = make({"a"});
  drain(*before);
  address = "elsewhere";
  asked.clear();
  const auto source = make({"a"});
  source->resume(before->cursor(before->position()));
  drain(*source);
  CHECK(asked.front() == "/a/");
}

TEST_CASE_METHOD(LiveSourceTest, "an outage does not cost a walk its page", "[live_source]") {
  pages["/a/"] = "1";
  pages["/a/+"] = CannedServer::answer("503 Busy", "", "");
  const auto source = make({"a"}, 1ms);
  for (int i = 0; i < 9; ++i) {
    const auto again = drain(*source, 1);
    loop.at(*again, [&] { loop.stop(); });
    loop.run();
  }
  CHECK(asked.back() == "/a/+");
}
