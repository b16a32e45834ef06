// A thread for what would block the loop: jobs go in, results come back on the loop.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/net/loop.hpp"

namespace pullwire::net {

/// Runs jobs one after another, in order. Owned and used by the loop's thread; only
/// `job` runs on the worker's.
class Worker {
 public:
  struct Job {
    std::function<void()> work;  ///< on the worker's thread; must not throw
    std::function<void()> done;  ///< afterwards, on the loop's thread; not empty
    std::string name;            ///< for the log, should it hang
  };

  /// `deadline`: a job that takes longer has hung (noticed within half of it more); zero:
  /// none. Time in which the loop itself stood still does not count. `hung` is then called
  /// on the loop's thread with the job's name; it must end the process without unwinding
  /// (_exit), since the destructor would wait for the job.
  Worker(Loop& loop, Time deadline, std::function<void(const std::string&)> hung);
  /// Waits for the job under way; the ones behind it are dropped.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Adds a job. The queue is bounded by its user, who adds no more than it has credit for.
  void add(Job job);

  /// Jobs not yet done, as the loop sees it.
  [[nodiscard]] std::size_t pending() const noexcept { return pending_; }

 private:
  void work();
  void collect();
  void watch_hang();

  Loop& loop_;
  Time deadline_;
  std::function<void(const std::string&)> hung_;
  int wake_ = -1;  // eventfd: the worker has finished something
  std::size_t pending_ = 0;
  std::optional<Loop::TimerId> timer_;
  std::uint64_t seen_ = 0;  // the job under way when last looked
  int looks_ = 0;           // at the same job, in a row

  std::mutex mutex_;
  std::condition_variable ready_;
  // Guarded by mutex_:
  std::deque<Job> queue_;
  std::vector<std::function<void()>> done_;
  std::uint64_t begun_ = 0;  // jobs begun
  bool busy_ = false;        // the last of them is under way
  std::string name_;         // its name
  bool stopping_ = false;

  std::thread thread_;
};

}  // namespace pullwire::net
