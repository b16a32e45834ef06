// What the ingestor knows after a restart: each source's cursor and its seen posts.
//
// Made, and read, on the main thread; `save` and `end` are then called on one worker
// thread, in turn. Every function throws std::runtime_error with a reason for the
// operator (disk full, database locked, its file gone); it can be called again with the
// same values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/ops/sqlite.hpp"
#include "ingestor/seen_posts.hpp"

namespace pullwire::ingestor {

struct SourceState {
  std::string cursor;   ///< as the source wrote it; "" if none was saved
  std::string settled;  ///< settled numbers above the cursor, as the ingestor wrote them
};

/// What changed for one source since the last save.
struct SourceChange {
  std::string source;  ///< its name
  std::string cursor;
  std::string settled;
  std::vector<SeenKey> seen;  ///< settled since, oldest first
};

/// The state file, held against other processes.
class State {
 public:
  /// Opens or creates it (ops/sqlite.hpp). `seen_keep` (1 or more) posts are remembered
  /// per source.
  State(const std::filesystem::path& path, std::size_t seen_keep);

  /// All that was saved, by source name, also of sources that are configured no more.
  [[nodiscard]] std::map<std::string, SourceState> sources();

  /// At most `seen_keep` keys, the newest, oldest first.
  [[nodiscard]] std::vector<SeenKey> seen(std::string_view source);

  /// Marks the state as in use, durably: to be called before the first post is sent. From
  /// now on at most `most` posts of a source are sent above its saved cursor. Returns how
  /// many the runs before may have sent: 0 if the last one ended cleanly.
  [[nodiscard]] std::size_t begin(std::size_t most);

  /// One durable transaction. Seen posts beyond `seen_keep` are forgotten in it, at
  /// most 65,536 a source above those that come (more are left for the next ones).
  /// Each source at most once.
  void save(std::span<const SourceChange> changes);

  /// Marks the run as ended: of each source at most the next `left` posts were sent before,
  /// by the runs before; whatever this one sent is settled and saved.
  void end(std::size_t left);

 private:
  // Seen keys lie in rows of several, numbered by how many the source ever had up
  // to and including the row: a row whose number is `seen_keep` behind can go.
  struct Known {
    std::int64_t id = 0;
    std::int64_t count = 0;   // keys ever saved
    std::int64_t pruned = 0;  // no row has this number or a lower one
  };

  template <typename Work>
  auto named(Work work);
  void load_known();
  void write_sent(std::int64_t posts);
  void save_seen(Known& source, std::span<const SeenKey> keys);
  void prune(Known& source, std::size_t added);

  std::filesystem::path path_;
  std::int64_t seen_keep_;
  HeldDatabase database_;
  std::map<std::string, Known, std::less<>> known_;
};

}  // namespace pullwire::ingestor
