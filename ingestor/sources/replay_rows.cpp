#include "ingestor/sources/replay_rows.hpp"

#include <stdexcept>

#include <sys/stat.h>

#include "common/ops/report_database.hpp"

namespace pullwire::ingestor {
namespace {

// The index has no more than these rows, each status in the order of their numbers.
constexpr const char* kOldestFirst = R"sql(
SELECT rowid, post_id, target, format, attempts, error, retry_at
FROM publications INDEXED BY unpublished_publications
WHERE published_at IS NULL AND status = ?1 AND rowid > ?2 ORDER BY rowid LIMIT ?3
)sql";
constexpr const char* kNewestFirst = R"sql(
SELECT rowid, post_id, target, format, attempts, error, retry_at
FROM publications INDEXED BY unpublished_publications
WHERE published_at IS NULL AND status = ?1 AND rowid < ?2 ORDER BY rowid DESC LIMIT ?3
)sql";
constexpr const char* kOfPost = R"sql(
SELECT rowid, post_id, target, format, attempts, error, retry_at FROM publications
WHERE post_id = ?1 AND status = ?2
)sql";

std::string text_of(const SQLite::Column& column) {
  return column.isNull() ? std::string{} : column.getString();
}

}  // namespace

ReplayRows::ReplayRows(const std::filesystem::path& path, std::string_view status, bool newest)
    : path_{path},
      status_{status},
      database_{open_for_reading(path, kReportDatabase)},
      beyond_{database_, newest ? kNewestFirst : kOldestFirst},
      of_{database_, kOfPost},
      post_{database_, "SELECT post FROM unpublished WHERE post_id = ?1"} {
  struct stat opened {};
  if (::stat(path_.c_str(), &opened) != 0) {
    throw std::runtime_error{path_.string() + " is not there any more"};
  }
  device_ = opened.st_dev;
  inode_ = opened.st_ino;
}

void ReplayRows::check_in_place() const {
  struct stat now {};
  if (::stat(path_.c_str(), &now) != 0 || now.st_dev != device_ || now.st_ino != inode_) {
    throw std::runtime_error{path_.string() + " was moved, removed or replaced"};
  }
}

std::int64_t ReplayRows::newest() {
  SQLite::Statement last{database_, "SELECT max(rowid) FROM publications"};
  last.executeStep();
  return last.getColumn(0).getInt64();  // of NULL: 0
}

std::vector<ReplayRow> ReplayRows::beyond(std::int64_t number, std::size_t most) {
  beyond_.bind(1, status_);
  beyond_.bind(2, number);
  beyond_.bind(3, static_cast<std::int64_t>(most));
  return read(beyond_);
}

std::vector<ReplayRow> ReplayRows::of(const std::string& post_id) {
  of_.bind(1, post_id);
  of_.bind(2, status_);
  return read(of_);
}

std::string ReplayRows::post(const std::string& post_id) {
  post_.bind(1, post_id);
  std::string bytes;
  if (post_.executeStep()) bytes = post_.getColumn(0).getString();
  post_.reset();
  return bytes;
}

std::vector<ReplayRow> ReplayRows::read(SQLite::Statement& statement) {
  std::vector<ReplayRow> rows;
  while (statement.executeStep()) {
    rows.push_back({.number = statement.getColumn(0).getInt64(),
                    .post_id = statement.getColumn(1).getString(),
                    .target = statement.getColumn(2).getString(),
                    .format = statement.getColumn(3).getString(),
                    .attempts = statement.getColumn(4).getUInt(),
                    .error = text_of(statement.getColumn(5)),
                    .retry_at = text_of(statement.getColumn(6))});
  }
  statement.reset();
  return rows;
}

}  // namespace pullwire::ingestor
