// What a replay reads of the reporter's database, while the reporter writes into it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>
#include <sys/types.h>

namespace pullwire::ingestor {

/// A publication that is not published.
struct ReplayRow {
  std::int64_t number = 0;  ///< ascends in the order in which they were first recorded
  std::string post_id;
  std::string target;
  std::string format;
  std::uint32_t attempts = 0;
  std::string error;
  std::string retry_at;  ///< as text; "" if there is none
};

/// An open database. Not thread-safe. Functions throw std::runtime_error, some of them as
/// SQLite::Exception; after that it is to be opened anew.
class ReplayRows {
 public:
  ReplayRows(const std::filesystem::path& path, std::string_view status, bool newest);

  /// Throws if the file that was opened has been moved, removed or replaced.
  void check_in_place() const;

  /// What is read meanwhile is of one moment. Keeps the log from being reset while it lives.
  [[nodiscard]] SQLite::Transaction moment() { return SQLite::Transaction{database_}; }

  /// The number of the newest row of any status; 0 if there is none.
  [[nodiscard]] std::int64_t newest();

  /// At most `most` rows with the status, beyond `number` in the order that was asked for.
  [[nodiscard]] std::vector<ReplayRow> beyond(std::int64_t number, std::size_t most);

  /// All rows of the post with the status.
  [[nodiscard]] std::vector<ReplayRow> of(const std::string& post_id);

  /// The encoded post; "" if it was not kept.
  [[nodiscard]] std::string post(const std::string& post_id);

 private:
  static std::vector<ReplayRow> read(SQLite::Statement& statement);

  std::filesystem::path path_;
  std::string status_;
  SQLite::Database database_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  SQLite::Statement beyond_;
  SQLite::Statement of_;
  SQLite::Statement post_;
};

}  // namespace pullwire::ingestor
