// `null:`: rendered in full, published nowhere; for benchmarks, tests and the founding
// example.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>

#include "common/net/loop.hpp"
#include "republisher/publish/target.hpp"

namespace pullwire::republisher {

class NullTarget final : public Target {
 public:
  struct Options {
    /// Simulated: publishing one costs so much, one after another.
    std::chrono::nanoseconds cost{0};
    std::string crash_on;  ///< a post whose text has this kills the process; "": none
    std::string hang_on;   ///< or hangs the worker
  };

  /// Reads "?cost_ms=C&crash_on=TEXT&hang_on=TEXT" (%-escapes allowed in TEXT). Throws
  /// std::invalid_argument that names the option.
  static Options parse(std::string_view text);

  NullTarget(net::Loop& loop, Options options) : loop_{loop}, options_{std::move(options)} {}

  std::optional<Outcome> prepare(const Document& document) override;
  void publish(const Document& document, Done done) override;

 private:
  struct Waiting {
    std::string location;
    Done done;
  };
  void finish_first();

  net::Loop& loop_;
  Options options_;
  std::deque<Waiting> waiting_;
  net::Time due_{};  // when the first one waiting is done
};

}  // namespace pullwire::republisher
