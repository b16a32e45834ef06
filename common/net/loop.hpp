// The one loop of a process: sockets, descriptors, timers and signals, on one thread.
//
// Everything registered here is called on the thread that calls `run`, in turn.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <poll.h>
#include <zmq.hpp>

namespace pullwire::net {

/// Time since an arbitrary moment, on a clock that counts suspended time
/// (CLOCK_BOOTTIME): what slept through its deadline is late, not early.
using Time = std::chrono::nanoseconds;

Time clock_now();

class Loop {
 public:
  /// Blocks SIGINT, SIGTERM and SIGPIPE for the whole process: to be made before any
  /// thread is started. Throws std::system_error.
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Calls `receive` whenever the socket may have something; it returns whether it had,
  /// and takes a bounded number of messages a call.
  using SocketId = std::uint64_t;
  SocketId watch(zmq::socket_ref socket, std::function<bool()> receive);
  void forget_socket(SocketId id);

  /// Calls `readable` while the descriptor is.
  void watch(int descriptor, std::function<void()> readable);
  void forget(int descriptor);

  /// Calls `then` once at `when`, or in the next turn if that is past.
  using TimerId = std::pair<Time, std::uint64_t>;
  TimerId at(Time when, std::function<void()> then);
  void cancel(TimerId timer);

  /// Called with every signal that was blocked.
  void on_signal(std::function<void(int)> handler) { signal_ = std::move(handler); }

  /// Called after each turn, when there is nothing more to receive, before the loop
  /// sleeps: the place for whatever must not wait for company. In order of registration.
  using LastCallId = std::uint64_t;
  LastCallId before_sleep(std::function<void()> last_call) {
    last_calls_.emplace(++next_id_, std::move(last_call));
    return next_id_;
  }
  /// Not from within a last call.
  void forget_last_call(LastCallId id) { last_calls_.erase(id); }

  /// Of the sockets of this loop. Ends after them.
  [[nodiscard]] zmq::context_t& context() noexcept { return context_; }

  /// The time at which this turn began; cheap.
  [[nodiscard]] Time now() const noexcept { return now_; }

  void run();
  void stop() noexcept { stopped_ = true; }

 private:
  struct Socket {
    zmq::socket_ref socket;
    std::function<bool()> receive;
    int descriptor;      // readable when libzmq has something to tell, once
    bool only_receives;  // a monitor's end: nothing but receiving takes what is told
    bool ready = true;
  };

  bool receive_all();
  void run_timers();
  void wait(bool block);
  void arm();
  void read_signals();

  zmq::context_t context_;
  std::map<SocketId, Socket> sockets_;
  std::map<int, std::function<void()>> descriptors_;
  std::map<TimerId, std::function<void()>> timers_;
  std::map<LastCallId, std::function<void()>> last_calls_;
  std::function<void(int)> signal_;
  // Used within one function each; kept for their memory.
  std::vector<pollfd> items_;
  std::vector<SocketId> turn_;
  std::vector<TimerId> due_;
  std::uint64_t next_id_ = 0;
  Time now_{};
  Time armed_{};
  int timer_descriptor_ = -1;
  int signal_descriptor_ = -1;
  bool stopped_ = false;
};

}  // namespace pullwire::net
