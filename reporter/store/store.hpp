// Where publication records end: what the reporter asks of a database.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "common/model/publication.hpp"

namespace pullwire::reporter {

/// One record of a batch, with the time at which the reporter stores it.
struct Record {
  Publication publication;
  Timestamp recorded_at;
};

/// Records of a batch whose publication had been recorded as published before.
struct Repeats {
  std::size_t flagged = 0;
  /// Neither this record nor an earlier one said `redelivered`: a stage broke its promise.
  std::size_t unflagged = 0;
};

/// All functions are called on one worker thread, in turn.
class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;

  /// Stores a batch, all or nothing. When it returns, the records are durable.
  /// Throws std::runtime_error with a reason for the operator (disk full,
  /// database locked, its file gone); the batch counts as not stored then, and the same
  /// one is to be tried again before any other.
  virtual Repeats commit(std::span<const Record> batch) = 0;
};

}  // namespace pullwire::reporter
