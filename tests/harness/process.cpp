#include "tests/harness/process.hpp"

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pullwire::tests {
namespace {

constexpr std::chrono::milliseconds kStep{10};

bool can_listen(int port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool free =
      bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(descriptor);
  return free;
}

bool is_accusation(std::string_view line) {
  return line.find("CHECK failed:") != std::string_view::npos ||
         line.find("Sanitizer: ") != std::string_view::npos ||
         line.find("runtime error: ") != std::string_view::npos;
}

}  // namespace

std::filesystem::path executable(const std::string& name) {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
}

int free_port() {
  static std::set<int> given;
  std::random_device random;
  for (int i = 0; i < 10'000; ++i) {
    const int port = std::uniform_int_distribution{20'000, 31'999}(random);
    if (can_listen(port) && given.insert(port).second) return port;
  }
  throw std::runtime_error{"no free port between 20000 and 32000"};
}

bool eventually(const std::function<bool()>& done, std::chrono::milliseconds within) {
  const auto deadline = std::chrono::steady_clock::now() + within;
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(kStep);
  }
  return true;
}

Process::Process(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                 const std::filesystem::path& log, const std::vector<std::string>& environment)
    : log_{log} {
  std::vector<std::string> words{program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::vector<std::string> variables = environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (std::string{*variable}.rfind("PULLWIRE_", 0) != 0) variables.emplace_back(*variable);
  }
  std::vector<char*> envp;
  for (std::string& variable : variables) envp.push_back(variable.data());
  envp.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  const int error =
      posix_spawn(&pid_, program.c_str(), &actions, nullptr, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::system_error{error, std::generic_category(), program.string()};
}

Process::~Process() {
  end();
}

void Process::end() {
  if (pid_ <= 0) return;
  kill();
  std::ifstream log{log_};
  for (std::string line; std::getline(log, line);) {
    if (!is_accusation(line)) continue;
    std::cerr << line << '\n' << log.rdbuf() << std::flush;
    std::abort();
  }
}

Process::Process(Process&& other) noexcept
    : pid_{std::exchange(other.pid_, -1)},
      log_{std::move(other.log_)},
      result_{std::exchange(other.result_, std::nullopt)} {}

Process& Process::operator=(Process&& other) noexcept {
  if (this != &other) {
    end();
    pid_ = std::exchange(other.pid_, -1);
    log_ = std::move(other.log_);
    result_ = std::exchange(other.result_, std::nullopt);
  }
  return *this;
}

void Process::signal(int number) const {
  if (pid_ > 0 && !result_) ::kill(pid_, number);
}

std::optional<int> Process::wait(std::chrono::milliseconds within) {
  eventually([this] { return !running(); }, within);
  return result_;
}

bool Process::running() {
  if (pid_ <= 0 || result_) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return true;
  result_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return false;
}

void Process::kill() {
  if (!running()) return;
  ::kill(pid_, SIGKILL);
  wait();
}

std::size_t Process::resident_bytes() const {
  std::ifstream statm{"/proc/" + std::to_string(pid_) + "/statm"};
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

std::size_t Process::descriptors() const {
  std::error_code gone;
  const std::filesystem::directory_iterator all{"/proc/" + std::to_string(pid_) + "/fd", gone};
  return static_cast<std::size_t>(
      std::distance(std::filesystem::begin(all), std::filesystem::end(all)));
}

std::string Process::output() const {
  return read_file(log_);
}

}  // namespace pullwire::tests
