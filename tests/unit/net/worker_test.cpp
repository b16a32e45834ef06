#include "common/net/worker.hpp"

#include <condition_variable>
#include <mutex>

#include "tests/catch.hpp"

using namespace pullwire::net;
using namespace std::chrono_literals;

TEST_CASE("jobs are done in order and come back on the loop's thread", "[net]") {
  Loop loop;
  Worker worker{loop, Time::zero(), {}};
  std::vector<int> worked;
  std::vector<int> done;
  for (int i = 0; i < 100; ++i) {
    worker.add({.work = [&worked, i] { worked.push_back(i); },
                .done =
                    [&, i] {
                      done.push_back(i);
                      if (i == 99) loop.stop();
                    },
                .name = "job"});
  }
  CHECK(worker.pending() == 100);
  loop.run();
  CHECK(worker.pending() == 0);
  CHECK(worked == done);
  CHECK(done.size() == 100);
}

TEST_CASE("a job that hangs is named", "[net]") {
  Loop loop;
  std::mutex mutex;
  std::condition_variable changed;
  bool released = false;
  std::string named;
  Worker worker{loop, 20ms, [&](const std::string& name) {
                  named = name;
                  const std::lock_guard lock{mutex};
                  released = true;
                  changed.notify_one();
                  loop.stop();
                }};
  worker.add({.work =
                  [&] {
                    std::unique_lock lock{mutex};
                    changed.wait(lock, [&] { return released; });
                  },
              .done = [] {},
              .name = "post 7"});
  loop.run();
  CHECK(named == "post 7");
}

TEST_CASE("a job is not to blame for the loop's own stall", "[net]") {
  Loop loop;
  std::mutex mutex;
  std::condition_variable changed;
  bool released = false;
  bool hung = false;
  Worker worker{loop, 80ms, [&](const std::string&) {
                  hung = true;
                  loop.stop();
                }};
  worker.add({.work =
                  [&] {
                    std::unique_lock lock{mutex};
                    changed.wait(lock, [&] { return released; });
                  },
              .done = [&] { loop.stop(); },
              .name = "job"});
  // The loop stands still for longer than the deadline, as if the process was stopped.
  loop.at(loop.now(), [&] {
    const Time until = clock_now() + 100ms;
    while (clock_now() < until) {
    }
    loop.at(loop.now(), [&] {
      const std::lock_guard lock{mutex};
      released = true;
      changed.notify_one();
    });
  });
  loop.run();
  CHECK_FALSE(hung);
}

TEST_CASE("a worker that ends drops the jobs behind the one under way", "[net]") {
  Loop loop;
  int worked = 0;
  {
    std::mutex mutex;
    std::condition_variable changed;
    bool begun = false;
    bool released = false;
    Worker worker{loop, Time::zero(), {}};
    worker.add({.work =
                    [&] {
                      std::unique_lock lock{mutex};
                      begun = true;
                      changed.notify_all();
                      changed.wait(lock, [&] { return released; });
                      ++worked;
                    },
                .done = [] {},
                .name = "first"});
    std::unique_lock lock{mutex};
    changed.wait(lock, [&] { return begun; });
    for (int i = 0; i < 10; ++i) worker.add({.work = [&] { ++worked; }, .done = [] {}, .name = ""});
    released = true;
    changed.notify_all();
  }
  CHECK(worked <= 11);
  loop.before_sleep([&] { loop.stop(); });
  loop.run();  // nothing of it is left to call
}
