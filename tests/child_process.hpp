// Runs part of a test in a forked process, which can be killed.
#pragma once

#include <cstddef>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pullwire::tests {

/// `work(say)` runs in the child, where `say(text)` sends bytes to the parent. The
/// child ends, with exit status 0, without running anything of the parent's. What
/// `work` throws is said. Killed, if it still runs, when this object goes.
class ChildProcess {
 public:
  template <typename Work>
  explicit ChildProcess(Work work) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
    process_ = ::fork();
    if (process_ < 0) throw std::runtime_error("no process");
    if (process_ == 0) {
      ::close(ends[0]);
      const auto say = [to = ends[1]](std::string_view text) {
        if (::write(to, text.data(), text.size()) != static_cast<ssize_t>(text.size())) ::_exit(1);
      };
      try {
        work(say);
      } catch (const std::exception& error) {
        say(error.what());
      }
      ::_exit(0);
    }
    ::close(ends[1]);
    from_ = ends[0];
  }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess() {
    kill();
    ::close(from_);
  }

  [[nodiscard]] int id() const noexcept { return process_; }

  /// Waits for what the child says next; "" once it has ended.
  std::string hear() {
    char text[4096];
    const ssize_t size = ::read(from_, text, sizeof text);
    return {text, static_cast<std::size_t>(size > 0 ? size : 0)};
  }
  /// All that the child says until it ends.
  std::string hear_all() {
    std::string all;
    for (std::string part = hear(); !part.empty(); part = hear()) all += part;
    return all;
  }

  /// With SIGKILL; returns when the process is gone.
  void kill() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = 0;
  }

 private:
  int process_ = 0;
  int from_ = -1;
};

}  // namespace pullwire::tests
