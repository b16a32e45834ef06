// Opens SQLite databases that belong to one process at a time. No state of its own;
// what it returns is used by one thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>

#include <SQLiteCpp/Database.h>

namespace pullwire {

/// Whose database a file is. Id and version stand in the file's header
/// (`PRAGMA application_id`, `PRAGMA user_version`; sqlite.org/fileformat2.html),
/// so that no other program's file is touched by mistake.
struct Application {
  std::int32_t id;              ///< not 0, which is SQLite's default
  std::int32_t schema_version;  ///< 1 or more
  const char* create_sql;       ///< makes the tables of a new database
  std::int32_t cache_kib;       ///< memory for pages, filled as needed
};

/// An exclusive lock in the name of a file. It stands on a file of its own,
/// FILE.lock: a second descriptor on the database itself would, when closed, drop
/// SQLite's own locks (sqlite.org/howtocorrupt.html, 2.2). The kernel drops the lock
/// when its holder ends, however it ends. A child made by fork() without exec()
/// holds it too.
class HolderLock {
 public:
  /// Throws std::runtime_error naming `file` and, if there is one, the process that
  /// holds the lock.
  explicit HolderLock(const std::filesystem::path& file);
  HolderLock(HolderLock&& other) noexcept;
  HolderLock& operator=(HolderLock&&) = delete;
  ~HolderLock();

 private:
  [[nodiscard]] bool is_on_disk() const;

  std::filesystem::path path_;
  int descriptor_ = -1;
};

/// An open database; closed before its lock is given up.
struct HeldDatabase {
  HolderLock lock;
  SQLite::Database connection;
};

/// Opens the database at `path`, creating it (but no directory) if there is none or
/// an empty file. Commits are durable: write-ahead log, `synchronous=FULL`. A lock of
/// a foreign process is waited for 100 ms at most; the caller tries again.
///
/// Throws std::runtime_error, one line that names `path` and what to do, if it cannot
/// be opened or written, is no database, is another program's, is of another schema
/// version, or is held by another process. A file that is refused is left as it was.
HeldDatabase open_database(const std::filesystem::path& path, const Application& application);

}  // namespace pullwire
