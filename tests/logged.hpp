// What a test's action writes to the log.
#pragma once

#include <cstdio>
#include <string>

#include <unistd.h>

#include "common/ops/log.hpp"

namespace pullwire::tests {

/// Puts `replacement` in the place of standard error, and back.
class StandardError {
 public:
  explicit StandardError(int replacement) : kept_{::dup(STDERR_FILENO)} {
    std::fflush(stderr);
    ::dup2(replacement, STDERR_FILENO);
  }
  StandardError(const StandardError&) = delete;
  StandardError& operator=(const StandardError&) = delete;
  ~StandardError() {
    ::dup2(kept_, STDERR_FILENO);
    ::close(kept_);
    start_log(LogFormat::Text, LogLevel::Info, "");
  }

 private:
  int kept_;
};

/// What `action` writes to standard error.
template <class Action>
std::string logged(Action action) {
  std::FILE* file = std::tmpfile();
  {
    const StandardError to_file{::fileno(file)};
    action();
  }
  std::rewind(file);
  std::string content(4096, '\0');
  content.resize(std::fread(content.data(), 1, content.size(), file));
  std::fclose(file);
  return content;
}

}  // namespace pullwire::tests
