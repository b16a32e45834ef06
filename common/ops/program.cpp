#include "common/ops/program.hpp"

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <malloc.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/ops/located.hpp"
#include "common/ops/log.hpp"
#include "common/ops/text.hpp"

namespace pullwire {
namespace {

/// Otherwise the next socket or database would get one of their numbers, and the
/// log would be written into it.
void open_standard_descriptors() {
  for (int descriptor = 0; descriptor <= STDERR_FILENO; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) != -1 || errno != EBADF) continue;
    // The lowest free number is this one.
    if (::open("/dev/null", O_RDWR) != descriptor) {
      throw std::system_error(errno, std::generic_category(), "/dev/null");
    }
  }
}

/// Keeps the buffers of batches inside malloc's heap. One is above glibc's default
/// threshold for a mapping of its own (128 KiB), and what is freed would go back
/// to the kernel and be faulted in again for every batch: a fifth of the throughput
/// at 250 events a message.
void tune_allocator() {
  ::mallopt(M_MMAP_THRESHOLD, 64 * 1024 * 1024);
  ::mallopt(M_TRIM_THRESHOLD, 256 * 1024 * 1024);
}

int report(std::string_view name, const std::exception& error, int exit_code) {
  const std::string line = std::string{name} + ": " + escaped(error.what()) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
  return exit_code;
}

void send_datagram(const std::string& path, std::string_view state) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path || (path.front() != '/' && path.front() != '@')) {
    throw std::runtime_error("no path of a socket");
  }
  path.copy(address.sun_path, path.size());
  if (path.front() == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());

  const auto fail = [](const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
  };
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) fail("socket");
  struct Closer {
    int descriptor;
    ~Closer() { ::close(descriptor); }
  } const closer{socket};
  const timeval patience{.tv_sec = 1, .tv_usec = 0};
  if (::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0) {
    fail("setsockopt");
  }
  if (::sendto(socket, state.data(), state.size(), MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&address), size) < 0) {
    fail("sendto");
  }
}

}  // namespace

int run_program(std::string_view name, const std::function<int()>& body) {
  try {
    open_standard_descriptors();
    std::signal(SIGPIPE, SIG_IGN);
    // A file at its limit is an error of write(2), as a full disk is.
    std::signal(SIGXFSZ, SIG_IGN);
    tune_allocator();
    return body();
  } catch (const Misconfigured& error) {
    return report(name, error, kExitMisconfigured);
  } catch (const std::exception& error) {
    return report(name, error, kExitWorld);
  }
}

void notify_supervisor(std::string_view state) {
  static bool told = false;
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || *path == '\0') return;
  try {
    send_datagram(path, state);
  } catch (const std::exception& error) {
    if (!std::exchange(told, true)) {
      log_warn("cannot notify the supervisor", {{"socket", path}, {"error", error.what()}});
    }
  }
}

}  // namespace pullwire
