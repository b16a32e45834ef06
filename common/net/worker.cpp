#include "common/net/worker.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

namespace pullwire::net {
namespace {

constexpr int kLooks = 4;

}  // namespace

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
  if (timer_) loop_.cancel(*timer_);
  loop_.forget(wake_);
  close(wake_);
}

void Worker::add(Job job) {
  ++pending_;
  bool idle = false;
  {
    const std::lock_guard lock{mutex_};
    idle = queue_.empty();
    queue_.push_back(std::move(job));
  }
  if (idle) ready_.notify_one();
  if (deadline_ > Time::zero() && !timer_) watch_hang();
}

void Worker::work() {
  std::unique_lock lock{mutex_};
  while (true) {
    ready_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    Job job = std::move(queue_.front());
    queue_.pop_front();
    ++begun_;
    busy_ = true;
    name_ = std::move(job.name);
    lock.unlock();
    job.work();
    lock.lock();
    busy_ = false;
    done_.push_back(std::move(job.done));
    if (done_.size() == 1) {
      const std::uint64_t one = 1;
      while (write(wake_, &one, sizeof one) < 0 && errno == EINTR) {
      }
    }
  }
}

void Worker::collect() {
  std::uint64_t count = 0;
  if (read(wake_, &count, sizeof count) < 0 && errno != EAGAIN && errno != EINTR) {
    throw std::system_error{errno, std::generic_category(), "read from eventfd"};
  }
  std::vector<std::function<void()>> done;
  {
    const std::lock_guard lock{mutex_};
    done.swap(done_);
  }
  pending_ -= done.size();
  for (const auto& callback : done) callback();
}

/// Looks at the job under way four times a deadline, while there is any. Seen a fifth
/// time it has hung: looks count, not the clock, since a stopped process or a machine
/// that slept is no fault of the job.
void Worker::watch_hang() {
  timer_ = loop_.at(loop_.now() + deadline_ / kLooks, [this] {
    timer_.reset();
    std::uint64_t job = 0;
    std::string name;
    {
      const std::lock_guard lock{mutex_};
      if (busy_) {
        job = begun_;
        name = name_;
      }
    }
    looks_ = job != 0 && job == seen_ ? looks_ + 1 : 0;
    seen_ = job;
    if (looks_ >= kLooks) {
      hung_(name);
    } else if (pending_ > 0) {
      watch_hang();
    }
  });
}

}  // namespace pullwire::net
