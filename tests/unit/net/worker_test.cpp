#include "common/net/worker.hpp"

#include <array>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/catch.hpp"

using namespace pullwire::net;
using namespace std::chrono_literals;

namespace {

struct FunctionJob final : Worker::Job {
  void work() override { on_work(); }
  void done() override { on_done(); }
  [[nodiscard]] std::string name() const override { return own_name; }

  std::function<void()> on_work = [] {};
  std::function<void()> on_done = [] {};
  std::string own_name;
};

}  // namespace

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

TEST_CASE("jobs that are added together come back in order", "[net]") {
  Loop loop;
  Worker worker{loop, Time::zero(), {}};
  std::array<FunctionJob, 50> jobs;
  std::vector<Worker::Job*> added;
  std::vector<std::size_t> worked;
  std::vector<std::size_t> done;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    jobs[i].on_work = [&worked, i] { worked.push_back(i); };
    jobs[i].on_done = [&, i] {
      done.push_back(i);
      if (i + 1 == jobs.size()) loop.stop();
    };
    added.push_back(&jobs[i]);
  }
  worker.add(added);
  CHECK(worker.pending() == 50);
  loop.run();
  CHECK(worker.pending() == 0);
  CHECK(worked == done);
  CHECK(done.size() == 50);
}

TEST_CASE("what is done does not wait for a long job behind it", "[net]") {
  const Time first_takes = GENERATE(Time{}, 2ms);
  Loop loop;
  std::mutex mutex;
  std::condition_variable changed;
  bool released = false;
  Worker worker{loop, Time::zero(), {}};
  std::array<FunctionJob, 3> jobs;
  jobs[0].on_work = [&] { std::this_thread::sleep_for(first_takes); };
  // The last ends only once the second, handed over with it, has come back.
  jobs[1].on_done = [&] {
    const std::lock_guard lock{mutex};
    released = true;
    changed.notify_one();
  };
  jobs[2].on_work = [&] {
    std::unique_lock lock{mutex};
    changed.wait(lock, [&] { return released; });
  };
  jobs[2].on_done = [&] { loop.stop(); };
  const std::array<Worker::Job*, 3> added{&jobs[0], &jobs[1], &jobs[2]};
  worker.add(added);
  loop.run();
  CHECK(released);
}

TEST_CASE("of jobs that were added together the one that hangs is named", "[net]") {
  Loop loop;
  std::mutex mutex;
  std::condition_variable changed;
  bool released = false;
  std::string named;
  std::array<FunctionJob, 3> jobs;
  jobs[0].own_name = "first";
  jobs[1].own_name = "second";
  jobs[2].own_name = "third";
  jobs[1].on_work = [&] {
    std::unique_lock lock{mutex};
    changed.wait(lock, [&] { return released; });
  };
  Worker worker{loop, 20ms, [&](const std::string& name) {
                  named = name;
                  const std::lock_guard lock{mutex};
                  released = true;
                  changed.notify_one();
                  loop.stop();
                }};
  const std::array<Worker::Job*, 3> added{&jobs[0], &jobs[1], &jobs[2]};
  worker.add(added);
  loop.run();
  CHECK(named == "second");
}
