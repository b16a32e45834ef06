#include "common/net/worker.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

namespace pullwire::net {

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
    began_ = clock_now();
    name_ = std::move(job.name);
    lock.unlock();
    job.work();
    lock.lock();
    began_.reset();
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

/// Looks at the job under way while there is any.
void Worker::watch_hang() {
  timer_ = loop_.at(loop_.now() + deadline_ / 4, [this] {
    timer_.reset();
    std::string hung;
    {
      const std::lock_guard lock{mutex_};
      if (began_ && clock_now() - *began_ > deadline_) hung = name_;
    }
    if (!hung.empty()) {
      hung_(hung);
    } else if (pending_ > 0) {
      watch_hang();
    }
  });
}

}  // namespace pullwire::net
