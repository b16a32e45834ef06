// A thread for what would block the loop: jobs go in, results come back on the loop.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "common/net/loop.hpp"

namespace pullwire::net {

/// Runs jobs one after another, in order. Owned and used by the loop's thread; only
/// `work` runs on the worker's.
class Worker {
 public:
  class Job {
   public:
    virtual void work() = 0;  ///< on the worker's thread; must not throw
    virtual void done() = 0;  ///< afterwards, on the loop's thread
    /// For the log, should it hang; on the loop's thread, while `work` may be under way.
    [[nodiscard]] virtual std::string name() const = 0;

   protected:
    ~Job() = default;
  };

  /// A job that is used once.
  struct Call {
    std::function<void()> work;
    std::function<void()> done;  ///< not empty
    std::string name;
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

  /// Adds jobs; together they cost one handing over. Each must live until its `done` is
  /// called, or the worker has ended. The queue is bounded by its user, who adds no more
  /// than it has credit for.
  void add(std::span<Job* const> jobs);
  void add(Call call);

  /// Jobs not yet done, as the loop sees it.
  [[nodiscard]] std::size_t pending() const noexcept { return pending_.size(); }

 private:
  class CallJob;

  void work();
  void wake_loop() const;
  void collect();
  void look_again();
  void stop_looking();
  void watch_hang();

  Loop& loop_;
  Time deadline_;
  std::function<void(const std::string&)> hung_;
  int wake_ = -1;             // eventfd: the worker has finished something
  std::deque<Job*> pending_;  // in the order in which they are worked on
  std::deque<CallJob> calls_;
  std::uint64_t collected_ = 0;  // jobs that were pending once
  std::optional<Loop::TimerId> look_timer_;
  std::uint64_t looked_at_ = 0;  // the job under way then
  std::optional<Loop::TimerId> hang_timer_;
  std::uint64_t seen_ = 0;  // the job under way when last looked
  int looks_ = 0;           // at the same job, in a row

  std::atomic<std::uint64_t> begun_{0};
  std::atomic<std::uint64_t> finished_{0};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable ready_;
  std::vector<Job*> queue_;  // guarded by mutex_: not yet taken by the worker

  std::thread thread_;
};

}  // namespace pullwire::net
