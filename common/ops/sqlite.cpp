#include "common/ops/sqlite.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include <SQLiteCpp/Transaction.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pullwire {
namespace {

namespace fs = std::filesystem;

constexpr int kBusyTimeoutMs = 100;
constexpr int kReaderTimeoutMs = 20;  // readers of a log wait only while it is made or reset
constexpr std::uintmax_t kSmallestDatabase = 512;  // one page of the smallest size

constexpr const char* kNoDatabase = "is no SQLite database; name another file";
constexpr const char* kNotWritable =
    "cannot be opened for writing; check the permissions of the file and its directory";

[[noreturn]] void refuse(const fs::path& path, const std::string& why) {
  throw std::runtime_error(path.string() + " " + why);
}

/// Symbolic links resolved, so that one file has one lock, and absolute, so that
/// SQLite takes no name for a special one (":memory:", "file:…").
fs::path real_path(const fs::path& path) {
  if (path.empty()) throw std::runtime_error("the database has no name; name a file");
  std::error_code error;
  const fs::path real = fs::weakly_canonical(fs::absolute(path), error);
  if (error) refuse(path, "cannot be opened: " + error.message());
  return real;
}

void check_place(const fs::path& path, const fs::path& real) {
  std::error_code error;
  const fs::file_status status = fs::status(real, error);
  if (status.type() == fs::file_type::not_found) {
    if (!fs::is_directory(real.parent_path(), error)) {
      refuse(path, "cannot be created: there is no directory " + real.parent_path().string() +
                       "; create it or name another file");
    }
    return;
  }
  if (status.type() == fs::file_type::none) refuse(path, "cannot be opened: " + error.message());
  if (status.type() == fs::file_type::directory) refuse(path, "is a directory; name a file in it");
  if (status.type() != fs::file_type::regular) refuse(path, "is no regular file; name another one");
  // SQLite takes a file of one byte for an empty one, and would write over it.
  const std::uintmax_t size = fs::file_size(real, error);
  if (error) refuse(path, "cannot be opened: " + error.message());
  if (size != 0 && size < kSmallestDatabase) refuse(path, kNoDatabase);
}

/// "process 1234 (reporter)", as the holder wrote it.
std::string read_holder(int descriptor) {
  std::array<char, 64> text{};
  const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
  // Between taking the lock and writing its name a holder is nameless for a moment.
  if (size <= 0) return "another process";
  std::string holder{text.data(), static_cast<std::size_t>(size)};
  for (char& c : holder) {
    if (c < ' ' || c > '~') c = '?';
  }
  return "process " + holder;
}

std::int64_t ask(SQLite::Database& database, const char* sql) {
  return database.execAndGet(sql).getInt64();
}

/// The schema version of the file, 0 if the tables are to be created. Changes nothing.
std::int32_t check_owner(SQLite::Database& database, const fs::path& path,
                         const Application& ours) {
  const std::int64_t id = ask(database, "PRAGMA application_id");
  if (id == 0 && ask(database, "SELECT count(*) FROM sqlite_schema") == 0) return 0;
  if (id != ours.id) {
    refuse(path, "is another program's or another stage's database; name another file");
  }
  const std::int64_t version = ask(database, "PRAGMA user_version");
  const std::int64_t oldest = ours.schema_version - static_cast<std::int64_t>(ours.upgrades.size());
  if (version < oldest || version > ours.schema_version) {
    refuse(path, "has schema version " + std::to_string(version) + ", this program knows " +
                     std::to_string(ours.schema_version) +
                     (version > ours.schema_version ? "; use a newer program or another file"
                                                    : "; use an older program or another file"));
  }
  return static_cast<std::int32_t>(version);
}

void configure(SQLite::Database& database, const fs::path& path, const Application& ours) {
  database.exec("PRAGMA page_size=8192");  // of a new database; must come before the log
  if (database.execAndGet("PRAGMA journal_mode=WAL").getString() != "wal") {
    refuse(path, "is on a file system without shared memory; put it on a local disk");
  }
  database.exec(
      "PRAGMA synchronous=FULL;"
      "PRAGMA wal_autocheckpoint=4000;"
      "PRAGMA journal_size_limit=67108864;"
      "PRAGMA secure_delete=OFF;"
      "PRAGMA foreign_keys=OFF;"
      "PRAGMA trusted_schema=OFF");
  database.exec("PRAGMA cache_size=-" + std::to_string(ours.cache_kib));
}

/// Creates the tables, or brings those of `version` up to date: all of it or nothing.
void make_tables(SQLite::Database& database, const Application& ours, std::int32_t version) {
  if (version == ours.schema_version) return;
  SQLite::Transaction transaction{database, SQLite::TransactionBehavior::IMMEDIATE};
  if (version == 0) {
    database.exec(ours.create_sql);
    database.exec("PRAGMA application_id=" + std::to_string(ours.id));
  } else {
    const auto missing = static_cast<std::size_t>(ours.schema_version - version);
    for (const char* sql : ours.upgrades.last(missing)) database.exec(sql);
  }
  database.exec("PRAGMA user_version=" + std::to_string(ours.schema_version));
  transaction.commit();
}

std::string explain(const SQLite::Exception& error) {
  switch (error.getErrorCode()) {
    case SQLITE_NOTADB: return kNoDatabase;
    case SQLITE_BUSY: return "is locked by another program; close it there";
    case SQLITE_FULL: return "cannot be written: the disk is full; make room";
    case SQLITE_CORRUPT: return "is damaged; restore it from a copy or name another file";
    case SQLITE_IOERR:
      return "cannot be written or read (disk I/O error); check the disk, its room and the quota";
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY: return kNotWritable;
    default: return std::string{"cannot be used: "} + error.what();
  }
}

}  // namespace

HolderLock::HolderLock(const fs::path& file) : path_{real_path(file) += ".lock"} {
  do {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (descriptor_ < 0) {
      refuse(file, "cannot be locked: " + path_.string() + ": " + std::strerror(errno) +
                       "; make file and directory writable for this user");
    }
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
      const int error = errno;
      const std::string holder = read_holder(descriptor_);
      ::close(descriptor_);
      if (error != EWOULDBLOCK) {
        refuse(file, std::string{"cannot be locked: "} + std::strerror(error));
      }
      refuse(file, "is in use by " + holder + "; stop it or name another file");
    }
    // A holder that just ended has taken the file away: then this lock is on nothing.
  } while (!is_on_disk());

  const std::string holder =
      std::to_string(::getpid()) + " (" + program_invocation_short_name + ")";
  if (::ftruncate(descriptor_, 0) != 0 ||
      ::pwrite(descriptor_, holder.data(), holder.size(), 0) < 0) {
    const int error = errno;
    ::close(descriptor_);
    refuse(file, "cannot be locked: " + path_.string() + ": " + std::strerror(error));
  }
}

HolderLock::HolderLock(HolderLock&& other) noexcept
    : path_{std::move(other.path_)}, descriptor_{std::exchange(other.descriptor_, -1)} {}

HolderLock::~HolderLock() {
  if (descriptor_ < 0) return;
  // While held, so that nobody else's is taken away; nor another's in its place, if the
  // folder was moved.
  if (is_on_disk()) ::unlink(path_.c_str());
  ::close(descriptor_);
}

bool HolderLock::is_on_disk() const {
  struct stat held {};
  struct stat named {};
  return ::fstat(descriptor_, &held) == 0 && ::lstat(path_.c_str(), &named) == 0 &&
         held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

DatabaseFiles::DatabaseFiles(const fs::path& real)
    : files_{{{.name = real},
              {.name = fs::path{real} += "-wal"},
              {.name = fs::path{real} += "-shm"}}} {
  for (File& file : files_) {
    struct stat status {};
    if (::stat(file.name.c_str(), &status) != 0) {
      refuse(file.name, std::string{"cannot be opened: "} + std::strerror(errno));
    }
    file.device = status.st_dev;
    file.inode = status.st_ino;
  }
}

void DatabaseFiles::check_in_place() const {
  for (const File& file : files_) {
    struct stat status {};
    const bool there = ::stat(file.name.c_str(), &status) == 0;
    if (!there && errno != ENOENT && errno != ENOTDIR) {
      refuse(file.name, std::string{"cannot be looked at: "} + std::strerror(errno));
    }
    if (!there || status.st_dev != file.device || status.st_ino != file.inode) {
      refuse(file.name,
             "was moved, removed or replaced; put it back, or restart this process to go on "
             "with what is there");
    }
  }
}

std::runtime_error explained(const fs::path& path, const SQLite::Exception& error) {
  return std::runtime_error{path.string() + " " + explain(error)};
}

HeldDatabase open_database(const fs::path& path, const Application& application) {
  const fs::path real = real_path(path);
  check_place(path, real);
  HolderLock lock{path};
  try {
    // Without SQLite's own mutexes: one thread at a time uses the connection.
    SQLite::Database database{real.string(),
                              SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLite::OPEN_NOMUTEX,
                              kBusyTimeoutMs};
    if (sqlite3_db_readonly(database.getHandle(), "main") == 1) refuse(path, kNotWritable);
    const std::int32_t version = check_owner(database, path, application);
    configure(database, path, application);
    make_tables(database, application, version);
    ask(database, "PRAGMA user_version");  // opens the log, if nothing has by now
    return {std::move(lock), std::move(database), DatabaseFiles{real}};
  } catch (const SQLite::Exception& error) {
    refuse(path, explain(error));
  }
}

SQLite::Database open_for_reading(const fs::path& path, const Application& application) {
  const fs::path real = real_path(path);
  std::error_code error;
  if (!fs::exists(real, error)) {
    refuse(path, error ? "cannot be opened: " + error.message() : "is not there");
  }
  check_place(path, real);
  try {
    SQLite::Database database{real.string(), SQLite::OPEN_READONLY | SQLite::OPEN_NOMUTEX,
                              kReaderTimeoutMs};
    const std::int32_t version = check_owner(database, path, application);
    if (version == 0) refuse(path, "has no tables yet");
    if (version != application.schema_version) {
      refuse(path,
             "was made by an older version; the program that writes it brings it up to "
             "date when it is started");
    }
    database.exec("PRAGMA trusted_schema=OFF");
    return database;
  } catch (const SQLite::Exception& failure) {
    refuse(path, explain(failure));
  }
}

void copy_database(const std::filesystem::path& from, const std::filesystem::path& to) {
  try {
    SQLite::Database source{from.string(), SQLite::OPEN_READONLY, kBusyTimeoutMs};
    SQLite::Statement copy{source, "VACUUM INTO ?1"};
    copy.bind(1, to.string());
    copy.exec();
  } catch (const SQLite::Exception& error) {
    throw explained(from, error);
  }
}

}  // namespace pullwire
