// Real processes for tests: started, signalled, awaited with a deadline, never left over.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "tests/temp_dir.hpp"

namespace pullwire::tests {

/// One of the executables built beside this test.
std::filesystem::path executable(const std::string& name);

/// A TCP port of this machine that nobody listens on, between 20000 and 32000: below the
/// ephemeral range, in which a connector can connect to itself.
int free_port();

/// Polls until `done`, for at most `within`. Returns whether it was.
bool eventually(const std::function<bool()>& done,
                std::chrono::milliseconds within = std::chrono::seconds{15});

class Process {
 public:
  /// Starts `program` with its standard error (and output) in the file `log`.
  Process(const std::filesystem::path& program, const std::vector<std::string>& arguments,
          const std::filesystem::path& log, const std::vector<std::string>& environment = {});
  /// Kills what still runs. Ends the test, too, if it has written that a CHECK failed or
  /// what a sanitizer found: whatever else the test saw, it has failed.
  ~Process();
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;

  void signal(int number) const;
  /// Exit code, or 128 + the signal that ended it; nothing if it still runs after `within`.
  std::optional<int> wait(std::chrono::milliseconds within = std::chrono::seconds{15});
  [[nodiscard]] bool running();
  /// SIGKILL, and wait.
  void kill();

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Resident memory now, in bytes; 0 if it has ended.
  [[nodiscard]] std::size_t resident_bytes() const;
  /// How many files, sockets and the like it has open now; 0 if it has ended.
  [[nodiscard]] std::size_t descriptors() const;
  /// What it has written so far.
  [[nodiscard]] std::string output() const;

 private:
  void end();

  pid_t pid_ = -1;
  std::filesystem::path log_;
  std::optional<int> result_;
};

}  // namespace pullwire::tests
