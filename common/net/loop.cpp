#include "common/net/loop.hpp"

#include <array>
#include <cerrno>
#include <ctime>
#include <system_error>

#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace pullwire::net {
namespace {

/// Turns in a row without a look at descriptors, while messages keep coming.
constexpr int kTurnsWithoutPoll = 8;

int checked(int result, const char* what) {
  if (result < 0) throw std::system_error{errno, std::generic_category(), what};
  return result;
}

timespec to_timespec(Time time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  return {.tv_sec = seconds.count(), .tv_nsec = (time - seconds).count()};
}

}  // namespace

Time clock_now() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
}

Loop::Loop() : now_{clock_now()} {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGPIPE}) sigaddset(&signals, number);
  const int error = pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  if (error != 0) throw std::system_error{error, std::generic_category(), "pthread_sigmask"};
  sigdelset(&signals, SIGPIPE);
  signal_descriptor_ = checked(signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC), "signalfd");
  timer_descriptor_ =
      checked(timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create");
  watch(signal_descriptor_, [this] { read_signals(); });
  watch(timer_descriptor_, [this] {
    std::uint64_t expirations = 0;
    if (read(timer_descriptor_, &expirations, sizeof expirations) > 0) armed_ = Time{};
  });
}

Loop::~Loop() {
  close(timer_descriptor_);
  close(signal_descriptor_);
}

Loop::SocketId Loop::watch(zmq::socket_ref socket, std::function<bool()> receive) {
  sockets_[++next_id_] = {socket, std::move(receive), socket.get(zmq::sockopt::fd),
                          socket.get(zmq::sockopt::type) == ZMQ_PAIR};
  return next_id_;
}

void Loop::forget_socket(SocketId id) {
  sockets_.erase(id);
}

void Loop::watch(int descriptor, std::function<void()> readable) {
  descriptors_[descriptor] = std::move(readable);
}

void Loop::forget(int descriptor) {
  descriptors_.erase(descriptor);
}

Loop::TimerId Loop::at(Time when, std::function<void()> then) {
  const TimerId id{when, ++next_id_};
  timers_.emplace(id, std::move(then));
  return id;
}

void Loop::cancel(TimerId timer) {
  timers_.erase(timer);
}

void Loop::run() {
  stopped_ = false;
  int turns = 0;
  while (!stopped_) {
    now_ = clock_now();
    const bool received = receive_all();
    run_timers();
    if (received && ++turns < kTurnsWithoutPoll) continue;
    turns = 0;
    for (const auto& [id, last_call] : last_calls_) last_call();
    if (!stopped_) wait(!received);
  }
}

bool Loop::receive_all() {
  // A handler may replace its socket: go by id, not by iterator.
  bool received = false;
  turn_.clear();
  for (const auto& [id, socket] : sockets_) {
    if (socket.ready) turn_.push_back(id);
  }
  for (const SocketId id : turn_) {
    const auto it = sockets_.find(id);
    if (it == sockets_.end()) continue;
    const auto receive = it->second.receive;
    if (receive()) {
      received = true;
    } else if (const auto same = sockets_.find(id); same != sockets_.end()) {
      same->second.ready = false;
    }
  }
  return received;
}

void Loop::run_timers() {
  // Only those that are due now: one that sets itself again for the past must not keep
  // the sockets waiting. One may cancel another.
  due_.clear();
  for (auto it = timers_.begin(); it != timers_.end() && it->first.first <= now_; ++it) {
    due_.push_back(it->first);
  }
  for (const TimerId& id : due_) {
    auto node = timers_.extract(id);
    if (!node.empty()) node.mapped()();
  }
}

/// Sleeps until something happens, or only looks whether it has. zmq_poll would ask the kernel
/// twice for each socket, every time.
void Loop::wait(bool block) {
  items_.clear();
  for (auto& [id, socket] : sockets_) {
    // What was sent may have taken the word that something has come.
    if (!socket.ready && !socket.only_receives) {
      socket.ready = (socket.socket.get(zmq::sockopt::events) & ZMQ_POLLIN) != 0;
    }
    if (socket.ready) block = false;
    items_.push_back({socket.descriptor, POLLIN, 0});
  }
  if (block) arm();
  const std::size_t first_descriptor = items_.size();
  for (const auto& [descriptor, readable] : descriptors_) items_.push_back({descriptor, POLLIN, 0});
  const int ready = ::poll(items_.data(), items_.size(), block ? -1 : 0);
  if (ready < 0) {
    if (errno == EINTR) return;
    throw std::system_error{errno, std::generic_category(), "poll"};
  }
  if (ready == 0) return;
  now_ = clock_now();
  std::size_t item = 0;
  for (auto& [id, socket] : sockets_) {
    if (items_[item++].revents != 0) socket.ready = true;
  }
  std::vector<int> readable;
  for (std::size_t i = first_descriptor; i < items_.size(); ++i) {
    if (items_[i].revents != 0) readable.push_back(items_[i].fd);
  }
  for (const int descriptor : readable) {
    const auto it = descriptors_.find(descriptor);
    if (it == descriptors_.end()) continue;
    const auto handler = it->second;
    handler();
  }
}

/// Sets the timer descriptor to the earliest timer; poll itself counts whole milliseconds.
void Loop::arm() {
  const Time earliest = timers_.empty() ? Time{} : timers_.begin()->first.first;
  if (earliest == armed_) return;
  armed_ = earliest;
  itimerspec spec{};
  spec.it_value = to_timespec(earliest);
  if (!timers_.empty() && spec.it_value.tv_sec <= 0 && spec.it_value.tv_nsec <= 0) {
    spec.it_value.tv_nsec = 1;  // all zero would disarm
  }
  checked(timerfd_settime(timer_descriptor_, TFD_TIMER_ABSTIME, &spec, nullptr), "timerfd_settime");
}

void Loop::read_signals() {
  signalfd_siginfo info{};
  while (read(signal_descriptor_, &info, sizeof info) == sizeof info) {
    if (signal_) signal_(static_cast<int>(info.ssi_signo));
  }
}

}  // namespace pullwire::net
