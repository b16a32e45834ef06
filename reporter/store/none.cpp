#include "reporter/store/none.hpp"

#include <algorithm>
#include <cerrno>

#include <time.h>

namespace pullwire::reporter {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;

// A machine that stood still must not make a long row of commits free.
constexpr std::int64_t kMaxOverrunNs = 100'000'000;

std::int64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * kSecondNs + now.tv_nsec;
}

}  // namespace

Repeats NoneStore::commit(std::span<const Record> batch) {
  const std::int64_t begun_ns = commit_time_.count() > 0 ? monotonic_ns() : 0;
  Repeats repeats;
  for (const Record& record : batch) {
    if (publications_.insert(record.publication)) continue;
    // Earlier records' flags are not kept: what lacks one itself is not held against anybody.
    ++repeats.flagged;
  }
  distinct_ += batch.size() - repeats.flagged;
  doubled_ += repeats.flagged;
  exact_ = publications_.exact();
  if (commit_time_.count() > 0) wait_until_committed(begun_ns);
  return repeats;
}

void NoneStore::wait_until_committed(std::int64_t begun_ns) {
  const std::int64_t due_ns = begun_ns + commit_time_.count() - overrun_ns_;
  const timespec due{.tv_sec = due_ns / kSecondNs, .tv_nsec = due_ns % kSecondNs};
  while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, nullptr) == EINTR) {
  }
  overrun_ns_ = std::min(monotonic_ns() - due_ns, kMaxOverrunNs);
}

}  // namespace pullwire::reporter
