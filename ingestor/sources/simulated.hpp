// `simulated:`: posts out of nothing, each a function of its number alone; for
// benchmarks, tests and the founding example.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingestor/sources/source.hpp"

namespace pullwire::ingestor {

class SimulatedSource final : public Source {
 public:
  struct Options {
    double rate = 0;          ///< posts a second that appear, whoever asks; 0: as fast as asked
    std::uint64_t count = 0;  ///< 0: endless
    std::size_t bytes = 280;  ///< of text
    std::chrono::nanoseconds cost{0};  ///< fetching one costs so much, one after another
  };

  /// Reads "rate=R&count=N&bytes=B&cost_ms=C". Throws std::invalid_argument that names
  /// the option.
  static Options parse(std::string_view query);

  /// `hashtags`: each post carries one of them, in turn.
  SimulatedSource(std::string name, Options options, std::vector<std::string> hashtags);

  std::string_view name() const override { return name_; }
  Identity identity() const override { return Identity::Numbers; }
  std::optional<Time> pull(Time now, std::size_t wanted, Sink& sink) override;
  std::string position() const override { return std::to_string(next_); }
  std::string cursor(std::string_view position) const override { return std::string{position}; }
  void resume(std::string_view cursor) override;

 private:
  void emit(std::uint64_t number, Timestamp ingested_at, Sink& sink);
  [[nodiscard]] Time due(std::uint64_t number) const;

  std::string name_;
  Options options_;
  std::vector<std::string> hashtags_;
  std::uint64_t next_ = 1;     // number of the next post; the first is 1
  std::optional<Time> began_;  // rate: when the post `first_` appeared
  std::uint64_t first_ = 1;
  std::optional<Time> work_due_;  // cost: when the fetch under way is done
  std::string post_id_;
  std::string text_;
};

}  // namespace pullwire::ingestor
