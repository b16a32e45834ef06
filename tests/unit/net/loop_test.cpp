#include "common/net/loop.hpp"

#include "tests/catch.hpp"

using namespace pullwire::net;
using namespace std::chrono_literals;

TEST_CASE("a timer that sets itself again for the past lets others have their turn", "[net]") {
  Loop loop;
  int again = 0;
  int others = 0;
  std::function<void()> behind = [&] {
    if (++again < 1000) loop.at(loop.now() - 1s, behind);
    if (others == 3) loop.stop();
  };
  loop.at(loop.now(), behind);
  loop.before_sleep([&] { ++others; });
  loop.run();
  CHECK(again <= 5);
}

TEST_CASE("timers run in the order of their time, and a cancelled one never", "[net]") {
  Loop loop;
  std::vector<int> ran;
  const Time now = loop.now();
  const auto second = loop.at(now + 2us, [&] { ran.push_back(2); });
  loop.at(now + 1us, [&] {
    ran.push_back(1);
    loop.cancel(second);
  });
  loop.at(now + 3us, [&] { loop.stop(); });
  loop.run();
  CHECK(ran == std::vector<int>{1});
}

TEST_CASE("a last call that was forgotten is not made", "[net]") {
  Loop loop;
  int calls = 0;
  loop.forget_last_call(loop.before_sleep([&] { ++calls; }));
  loop.before_sleep([&] { loop.stop(); });
  loop.run();
  CHECK(calls == 0);
}
