#include "common/net/worker.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

namespace pullwire::net {
namespace {

using namespace std::chrono_literals;

constexpr int kLooks = 4;

/// The worker wakes the loop after a batch, and after a job that ends so long after the batch
/// began or the loop was woken: sooner would cost more than a short job. The loop looks so
/// often by itself for what is done, and stops once it has seen the same job twice: after that
/// one the worker wakes it.
constexpr Time kWakeEvery = 1ms;

}  // namespace

class Worker::CallJob final : public Worker::Job {
 public:
  CallJob(Worker& worker, Call call) : worker_{worker}, call_{std::move(call)} {}
  void work() override { call_.work(); }
  void done() override {
    const Call call = std::move(call_);
    worker_.calls_.pop_front();  // this
    call.done();
  }
  [[nodiscard]] std::string name() const override { return call_.name; }

 private:
  Worker& worker_;
  Call call_;
};

Worker::Worker(Loop& loop, Time deadline, std::function<void(const std::string&)> hung)
    : loop_{loop}, deadline_{deadline}, hung_{std::move(hung)} {
  wake_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (wake_ < 0) throw std::system_error{errno, std::generic_category(), "eventfd"};
  loop_.watch(wake_, [this] { collect(); });
  thread_ = std::thread{[this] { work(); }};
}

Worker::~Worker() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  ready_.notify_one();
  thread_.join();
  stop_looking();
  if (hang_timer_) loop_.cancel(*hang_timer_);
  loop_.forget(wake_);
  close(wake_);
}

void Worker::add(std::span<Job* const> jobs) {
  if (jobs.empty()) return;
  pending_.insert(pending_.end(), jobs.begin(), jobs.end());
  bool idle = false;
  {
    const std::lock_guard lock{mutex_};
    idle = queue_.empty();
    queue_.insert(queue_.end(), jobs.begin(), jobs.end());
  }
  if (idle) ready_.notify_one();
  if (!look_timer_) look_again();
  if (deadline_ > Time::zero() && !hang_timer_) watch_hang();
}

void Worker::add(Call call) {
  Job* const job = &calls_.emplace_back(*this, std::move(call));
  add({&job, 1});
}

void Worker::work() {
  std::vector<Job*> batch;
  while (true) {
    batch.clear();
    {
      std::unique_lock lock{mutex_};
      ready_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      batch.swap(queue_);
    }
    Time woken = clock_now();
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (stopping_) return;
      ++begun_;
      batch[i]->work();
      ++finished_;
      const Time now = clock_now();
      if (i + 1 < batch.size() && now - woken < kWakeEvery) continue;
      woken = now;
      wake_loop();
    }
    if (stopping_) return;
  }
}

void Worker::wake_loop() const {
  const std::uint64_t one = 1;
  while (write(wake_, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

void Worker::collect() {
  std::uint64_t count = 0;
  if (read(wake_, &count, sizeof count) < 0 && errno != EAGAIN && errno != EINTR) {
    throw std::system_error{errno, std::generic_category(), "read from eventfd"};
  }
  const std::uint64_t finished = finished_;  // before begun_: that is never behind it
  const std::uint64_t begun = begun_;
  const bool found = finished > collected_;
  while (collected_ < finished) {
    Job* const job = pending_.front();
    pending_.pop_front();
    ++collected_;
    job->done();
  }
  // Seen twice, the job under way takes so long that the worker wakes the loop after it.
  const std::uint64_t job = begun > finished ? begun : 0;
  const bool long_one = job != 0 && job == looked_at_;
  looked_at_ = job;
  if (pending_.empty()) {
    stop_looking();
  } else if (found || !long_one) {
    look_again();
  }
}

void Worker::look_again() {
  stop_looking();
  look_timer_ = loop_.at(clock_now() + kWakeEvery, [this] {
    look_timer_.reset();
    collect();
  });
}

void Worker::stop_looking() {
  if (look_timer_) loop_.cancel(*look_timer_);
  look_timer_.reset();
}

/// Looks at the job under way four times a deadline, while there is any. Seen a fifth
/// time it has hung: looks count, not the clock, since a stopped process or a machine
/// that slept is no fault of the job.
void Worker::watch_hang() {
  hang_timer_ = loop_.at(loop_.now() + deadline_ / kLooks, [this] {
    hang_timer_.reset();
    const std::uint64_t finished = finished_;  // before begun_: that is never behind it
    const std::uint64_t begun = begun_;
    const std::uint64_t job = begun > finished ? begun : 0;
    looks_ = job != 0 && job == seen_ ? looks_ + 1 : 0;
    seen_ = job;
    if (looks_ >= kLooks) {
      hung_(pending_[static_cast<std::size_t>(job - 1 - collected_)]->name());
    } else if (!pending_.empty()) {
      watch_hang();
    }
  });
}

}  // namespace pullwire::net
