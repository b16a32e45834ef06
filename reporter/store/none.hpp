// A store for benchmarks and tests: counts what it is given and keeps nothing.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "reporter/store/distinct.hpp"
#include "reporter/store/store.hpp"

namespace pullwire::reporter {

class NoneStore final : public Store {
 public:
  /// `commit_time` is simulated: `commit` waits that long, to the microsecond in the
  /// mean over many (what one wait overran the next is shorter by), whatever the
  /// size of the batch. Zero: no wait.
  explicit NoneStore(std::chrono::nanoseconds commit_time) : commit_time_{commit_time} {}

  /// Never throws for want of a disk: records are counted, not durable.
  Repeats commit(std::span<const Record> batch) override;

  /// Different publications, and records of one that had been there before; their
  /// sum is all records. See `DistinctPublications` for how far `exact` reaches.
  /// From any thread.
  [[nodiscard]] std::uint64_t distinct() const noexcept { return distinct_; }
  [[nodiscard]] std::uint64_t doubled() const noexcept { return doubled_; }
  [[nodiscard]] bool exact() const noexcept { return exact_; }

 private:
  void wait_until_committed(std::int64_t begun_ns);

  std::chrono::nanoseconds commit_time_;
  std::int64_t overrun_ns_ = 0;
  DistinctPublications publications_;
  std::atomic<std::uint64_t> distinct_ = 0;
  std::atomic<std::uint64_t> doubled_ = 0;
  std::atomic<bool> exact_ = true;
};

}  // namespace pullwire::reporter
