#include "common/ops/program.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/ops/located.hpp"
#include "tests/catch.hpp"

using namespace pullwire;

namespace {

struct Ended {
  int exit_code;
  std::string standard_error;
};

/// Runs the program "reporter" with this body in a child of its own.
Ended run(const std::function<int()>& body) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    ::_exit(run_program("reporter", body));
  }
  ::close(ends[1]);
  Ended ended{};
  std::array<char, 4096> buffer{};
  for (ssize_t count = 0; (count = ::read(ends[0], buffer.data(), buffer.size())) > 0;) {
    ended.standard_error.append(buffer.data(), static_cast<std::size_t>(count));
  }
  ::close(ends[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  ended.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  return ended;
}

/// A supervisor's end: a datagram socket that NOTIFY_SOCKET names.
class Supervisor {
 public:
  explicit Supervisor(const std::string& name) : socket_{::socket(AF_UNIX, SOCK_DGRAM, 0)} {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, name.size());
    if (name.front() == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;
  ~Supervisor() {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(socket_);
  }

  std::string heard() const {
    std::array<char, 256> buffer{};
    const ssize_t count = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    return count < 0 ? "nothing" : std::string(buffer.data(), static_cast<std::size_t>(count));
  }

 private:
  int socket_;
};

}  // namespace

TEST_CASE("a program ends with its body's exit code", "[program]") {
  const Ended ended = run([] { return 7; });
  CHECK(ended.exit_code == 7);
  CHECK(ended.standard_error.empty());
}

TEST_CASE("the operator's mistake is one line and exit code 2", "[program]") {
  const Ended ended =
      run([]() -> int { throw Misconfigured("a.toml:3: [reporter] x\ny", "unknown key"); });
  CHECK(ended.exit_code == 2);
  CHECK(ended.standard_error == "reporter: a.toml:3: [reporter] x\\ny: unknown key\n");
}

TEST_CASE("the world's fault is one line and exit code 1", "[program]") {
  const Ended ended = run([]() -> int { throw std::runtime_error("cannot open a\nb"); });
  CHECK(ended.exit_code == 1);
  CHECK(ended.standard_error == "reporter: cannot open a\\nb\n");
}

TEST_CASE("a program survives writing to a closed pipe", "[program]") {
  const Ended ended = run([] {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) return 3;
    ::close(ends[0]);
    return ::write(ends[1], "x", 1) == -1 && errno == EPIPE ? 0 : 4;
  });
  CHECK(ended.exit_code == 0);
}

TEST_CASE("descriptors 0 to 2 are taken before anything else is opened", "[program]") {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    for (int descriptor = 0; descriptor <= STDERR_FILENO; ++descriptor) ::close(descriptor);
    ::_exit(run_program("reporter", [] { return ::dup(0) > STDERR_FILENO ? 0 : 3; }));
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("a supervisor is told through a path or an abstract name", "[program]") {
  SECTION("path") {
    const auto path =
        std::filesystem::temp_directory_path() / ("pullwire-notify-" + std::to_string(::getpid()));
    {
      const Supervisor supervisor{path.string()};
      notify_supervisor("READY=1");
      CHECK(supervisor.heard() == "READY=1");
      CHECK(supervisor.heard() == "nothing");
    }
    std::filesystem::remove(path);
  }
  SECTION("abstract") {
    const Supervisor supervisor{"@pullwire-notify-" + std::to_string(::getpid())};
    notify_supervisor("STOPPING=1");
    CHECK(supervisor.heard() == "STOPPING=1");
  }
}

TEST_CASE("a supervisor that isn't there is logged once", "[program]") {
  ::setenv("NOTIFY_SOCKET", "/no/such/socket", 1);
  const Ended ended = run([] {
    notify_supervisor("READY=1");
    notify_supervisor("STOPPING=1");
    return 0;
  });
  ::unsetenv("NOTIFY_SOCKET");
  CHECK(ended.exit_code == 0);
  CHECK_THAT(ended.standard_error,
             Catch::Matches("[^\n]+ warn cannot notify the supervisor socket=/no/such/socket "
                            "error=\"sendto: No such file or directory\"\n"));
}
