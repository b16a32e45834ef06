// Publications that were recorded as deferred or failed, once more (`replay:DATABASE`).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "common/model/publication.hpp"
#include "ingestor/sources/source.hpp"

namespace pullwire::ingestor {

struct ReplayOptions {
  static constexpr std::uint64_t kMostAttempts = 1'000'000;

  std::string target;                                        ///< "": each
  Status status = Status::Deferred;                          ///< or Failed
  bool newest = false;                                       ///< first recorded last comes first
  std::chrono::seconds max_age{std::chrono::hours{7 * 24}};  ///< since it was ingested; 0: any
  /// Of a publication. With ten minutes between two, the longest that a target defers for, it
  /// is `max_age` that comes first.
  std::uint32_t max_attempts = 1000;

  /// Sets what `name` means: target, status, order, max_age or max_attempts. Throws
  /// std::invalid_argument that names it.
  void set(std::string_view name, const std::string& value);
};

/// Posts of the reporter's SQLite database, each with those of its publications (`pending`) that
/// have the target and status and can be brought again: deferred ones once their `retry_at` is
/// past, failed ones that failed before the source first looked, each once. Rendered as they were
/// first given, under their own post_id, whatever source that came from. What is older than
/// `max_age`, or was begun `max_attempts` times, is given `refused`, so that it is recorded as
/// failed; of what has failed already it is left out, as is what can never be published (too
/// large, given up, of a target that there is no more).
///
/// The database is only read, in pages, while the reporter writes. One that is not there, or
/// cannot be read now, is an error, and tried again a second later; where that is all that keeps
/// the ingestor from ending, for 30 s. It must have no other replay
/// that reads the same rows, in this ingestor or another: the post would be published twice at
/// the same time.
///
/// Deferred ones: passes over all rows follow each other; a pass that brings nothing takes at
/// most a fifth of the loop's time. Without `follow` it ends when a pass that began when the sink
/// was `alone` has found nothing that may still be brought. Failed ones: it ends after one pass.
std::unique_ptr<Source> make_replay_source(std::string name, const std::filesystem::path& database,
                                           ReplayOptions options, bool follow);

}  // namespace pullwire::ingestor
