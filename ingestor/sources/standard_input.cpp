#include "ingestor/sources/standard_input.hpp"

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "ingestor/sources/json_lines.hpp"

namespace pullwire::ingestor {
namespace {

constexpr std::size_t kBlock = 64 * 1024;
constexpr Time kLookAgain = std::chrono::milliseconds{20};

std::string reason(int error) {
  return "standard input: " + std::generic_category().message(error);
}

class StandardInput final : public Source {
 public:
  StandardInput(std::string name, int descriptor)
      : name_{std::move(name)}, descriptor_{descriptor}, lines_{name_, "standard input"} {
    if (fcntl(descriptor_, F_GETFD) < 0) throw std::runtime_error{reason(errno)};
  }

  std::string_view name() const override { return name_; }
  Identity identity() const override { return Identity::Nothing; }

  std::optional<Time> pull(Time now, std::size_t /*wanted*/, Sink& sink) override {
    if (ended_) return std::nullopt;
    pollfd ready{descriptor_, POLLIN, 0};
    if (poll(&ready, 1, 0) <= 0) return now + kLookAgain;
    const ssize_t size = read(descriptor_, lines_.reserve(kBlock), kBlock);
    if (size > 0) {
      sink.requested();
      lines_.commit(static_cast<std::size_t>(size));
      lines_.deliver(sink);
      return now;
    }
    // Somebody else may have emptied a shared input, or made it non-blocking.
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) return now + kLookAgain;
    if (size < 0) sink.error(reason(errno));
    ended_ = true;
    lines_.finish(sink);
    return std::nullopt;
  }

  std::string position() const override { return {}; }
  std::string cursor(std::string_view /*position*/) const override { return {}; }
  void resume(std::string_view /*cursor*/) override {}

 private:
  const std::string name_;
  const int descriptor_;
  JsonLines lines_;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<Source> make_standard_input(std::string name, int descriptor) {
  return std::make_unique<StandardInput>(std::move(name), descriptor);
}

}  // namespace pullwire::ingestor
