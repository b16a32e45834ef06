// Opens SQLite databases that one process at a time writes, and others may read. No state of
// its own; what it returns is used by one thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>

#include <SQLiteCpp/Database.h>
#include <sys/types.h>

namespace pullwire {

/// Whose database a file is. Id and version stand in the file's header
/// (`PRAGMA application_id`, `PRAGMA user_version`; sqlite.org/fileformat2.html),
/// so that no other program's file is touched by mistake.
struct Application {
  std::int32_t id;              ///< not 0, which is SQLite's default
  std::int32_t schema_version;  ///< 1 or more
  const char* create_sql;       ///< makes the tables of a new database
  std::int32_t cache_kib;       ///< memory for pages, filled as needed
  /// Each makes the tables of one schema version those of the next, the last one those of
  /// `schema_version`. What is older than their first cannot be opened.
  std::span<const char* const> upgrades{};
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

/// The files of an open database, by their names. SQLite goes on writing into files that were
/// moved or removed: what it writes there lasts until the process ends, and nobody finds it.
class DatabaseFiles {
 public:
  /// `real` as SQLite opened it, which has made all of them.
  explicit DatabaseFiles(const std::filesystem::path& real);

  /// Throws std::runtime_error, one line for the operator, unless each name still stands
  /// for the file that was opened. To be called before and after a commit: only then is
  /// durable what was committed.
  void check_in_place() const;

 private:
  struct File {
    std::filesystem::path name;
    dev_t device = 0;
    ino_t inode = 0;
  };

  std::array<File, 3> files_;
};

/// An open database; closed before its lock is given up.
struct HeldDatabase {
  HolderLock lock;
  SQLite::Database connection;
  DatabaseFiles files;
};

/// Opens the database at `path`, creating it (but no directory) if there is none or
/// an empty file. Commits are durable: write-ahead log, `synchronous=FULL`. A lock of
/// a foreign process is waited for 100 ms at most; the caller tries again.
///
/// Throws std::runtime_error, one line that names `path` and what to do, if it cannot
/// be opened or written, is no database, is another program's, is of a schema version that
/// cannot be upgraded, or is held by another process. A file that is refused is left as it was.
HeldDatabase open_database(const std::filesystem::path& path, const Application& application);

/// Opens the database at `path` for reading alone, whoever holds it and writes meanwhile: takes
/// no lock of a process, and waits 20 ms at most for those of a transaction. SQLite makes the two
/// files of the log where they are missing, so the directory must be writable or hold them.
///
/// Throws std::runtime_error, one line that names `path`, if there is no file, or none with
/// exactly this owner and schema version.
SQLite::Database open_for_reading(const std::filesystem::path& path,
                                  const Application& application);

/// Copies the database at `from`, which a process may be using, to the new file `to`. Throws
/// std::runtime_error that names `from`.
void copy_database(const std::filesystem::path& from, const std::filesystem::path& to);

/// An error of the database at `path`, and what to do about it. The same for the same cause.
std::runtime_error explained(const std::filesystem::path& path, const SQLite::Exception& error);

}  // namespace pullwire
