#include "reporter/store/sqlite.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>

#include "common/ops/log.hpp"
#include "common/ops/report_database.hpp"
#include "common/ops/sqlite.hpp"
#include "reporter/store/insert.hpp"

namespace pullwire::reporter {
namespace {

// Rows are wide, so the tables have rowids: with WITHOUT ROWID whole rows would move
// through the inner pages of the primary key. No CHECK: one on `status` costs a sixth
// of the time, since SQLite builds a table of its three words for every row.
constexpr const char* kCreateSql = R"sql(
CREATE TABLE posts (
  post_id      TEXT NOT NULL PRIMARY KEY,
  source       TEXT NOT NULL,
  author       TEXT,
  created_at   TEXT,
  ingested_at  TEXT NOT NULL,
  lang         TEXT,
  url          TEXT,
  text         TEXT NOT NULL,
  hashtags     TEXT NOT NULL  -- JSON array of strings, without #
);
CREATE TABLE publications (
  post_id      TEXT NOT NULL,
  target       TEXT NOT NULL,
  format       TEXT NOT NULL,
  status       TEXT NOT NULL,  -- published, failed, deferred
  attempts     INTEGER NOT NULL,
  redelivered  INTEGER NOT NULL,  -- 0, 1
  location     TEXT,
  error        TEXT,
  retry_at     TEXT,
  rendered_at  TEXT,
  published_at TEXT,
  recorded_at  TEXT NOT NULL,
  PRIMARY KEY (post_id, target, format)
);
)sql";

/// A new database has the tables of version 1 and what came after.
std::string create_sql() {
  std::string sql = kCreateSql;
  for (const char* upgrade : kReportUpgrades) sql += upgrade;
  return sql;
}

HeldDatabase open(const std::filesystem::path& path) {
  const std::string sql = create_sql();
  Application application = kReportDatabase;
  application.create_sql = sql.c_str();
  return open_database(path, application);
}

constexpr const char* kInsertPost = R"sql(
INSERT INTO posts (post_id, source, author, created_at, ingested_at, lang, url, text, hashtags)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (post_id) DO NOTHING
)sql";

// Nearly every record is the first of its publication. One that is not is looked at before
// it is merged into the row.
constexpr const char* kInsertPublication = R"sql(
INSERT INTO publications (post_id, target, format, status, attempts, redelivered, location, error,
                          retry_at, rendered_at, published_at, recorded_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT (post_id, target, format) DO NOTHING
)sql";

constexpr const char* kFindPublication = R"sql(
SELECT status = 'published', redelivered FROM publications
WHERE post_id = ?1 AND target = ?2 AND format = ?3
)sql";

// In DO UPDATE a bare column is the stored row's, and all are read before any is set.
constexpr const char* kMergePublication = R"sql(
INSERT INTO publications (post_id, target, format, status, attempts, redelivered, location, error,
                          retry_at, rendered_at, published_at, recorded_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT (post_id, target, format) DO UPDATE SET
  redelivered  = redelivered OR excluded.redelivered,
  status       = iif(status = 'published', status, excluded.status),
  attempts     = iif(status = 'published', attempts, excluded.attempts),
  location     = iif(status = 'published', location, excluded.location),
  error        = iif(status = 'published', error, excluded.error),
  retry_at     = CASE WHEN status = 'published' THEN retry_at
                      -- two at once, of which one may know that a request is still at work
                      WHEN status = 'deferred' AND excluded.status = 'deferred'
                      THEN max(retry_at, excluded.retry_at)
                      ELSE excluded.retry_at END,
  rendered_at  = iif(status = 'published', rendered_at, excluded.rendered_at),
  published_at = coalesce(published_at, excluded.published_at)
)sql";

constexpr const char* kKeepPost = R"sql(
INSERT INTO unpublished (post_id, post) VALUES (?1, ?2) ON CONFLICT (post_id) DO NOTHING
)sql";

constexpr const char* kForgetPost = R"sql(
DELETE FROM unpublished WHERE post_id = ?1 AND NOT EXISTS (
  SELECT 1 FROM publications WHERE post_id = ?1 AND status <> 'published')
)sql";

class SqliteStore final : public Store {
 public:
  SqliteStore(const std::filesystem::path& path, PostDecoder decode)
      : path_{path}, decode_{decode}, database_{open(path)} {}

  Repeats commit(std::span<const Record> batch) override try {
    Repeats repeats;
    if (batch.empty()) return repeats;
    database_.files.check_in_place();
    if (committed_) return *std::exchange(committed_, std::nullopt);
    SQLite::Transaction transaction{database_.connection, SQLite::TransactionBehavior::IMMEDIATE};
    for (const Record& record : batch) {
      if (!record.publication.post.empty()) insert_post(record.publication);
      if (!write(insert_publication_, record)) {
        repeat(record, repeats);
      } else if (record.publication.status != Status::Published) {
        keep_post(record.publication);
      }
    }
    // Before the commit, so that no kill comes between a repeat and its warning.
    if (repeats.unflagged > 0) {
      log_warn("received again without being flagged as redelivered",
               {{"publications", repeats.unflagged}, {"the_last", last_unflagged_}});
    }
    transaction.commit();
    committed_ = repeats;
    database_.files.check_in_place();
    committed_.reset();
    return repeats;
  } catch (const SQLite::Exception& error) {
    // The transaction's destructor has rolled back.
    throw explained(path_, error);
  }

 private:
  void insert_post(const Publication& publication) {
    Post post;
    if (!decode_(publication.post, post)) {
      throw std::runtime_error("post " + std::string{publication.post_id} + " cannot be decoded");
    }
    insert_post_.begin();
    insert_post_.text(post.post_id);
    insert_post_.text(post.source);
    insert_post_.text_or_null(post.author);
    insert_post_.time_or_null(post.created_at);
    insert_post_.time(post.ingested_at);
    insert_post_.text_or_null(post.lang);
    insert_post_.text_or_null(post.url);
    insert_post_.text(post.text);
    insert_post_.text(to_json(post.hashtags));
    insert_post_.run();
  }

  /// A record whose publication has a row.
  void repeat(const Record& record, Repeats& repeats) {
    const Publication& publication = record.publication;
    find_.tryReset();
    find_.bind(1, std::string{publication.post_id});
    find_.bind(2, std::string{publication.target});
    find_.bind(3, std::string{publication.format});
    if (!find_.executeStep()) throw std::runtime_error(path_.string() + ": a row has vanished");
    const bool published = find_.getColumn(0).getInt() != 0;
    const bool flagged = find_.getColumn(1).getInt() != 0 || publication.redelivered;
    find_.tryReset();
    if (published) ++(flagged ? repeats.flagged : repeats.unflagged);
    if (published && !flagged) {
      last_unflagged_ = std::string{publication.post_id} + " on " +
                        std::string{publication.target} + " as " + std::string{publication.format};
    }
    write(merge_publication_, record);
    if (published) return;
    if (publication.status == Status::Published) {
      forget_post(publication);
    } else {
      keep_post(publication);
    }
  }

  /// The form in which it came first is kept: a replayed one says what it is replayed for.
  void keep_post(const Publication& publication) {
    if (publication.post.empty()) return;
    keep_post_.tryReset();
    keep_post_.bind(1, std::string{publication.post_id});
    keep_post_.bindNoCopy(2, publication.post.data(), static_cast<int>(publication.post.size()));
    keep_post_.exec();
  }

  /// If all of its publications are published.
  void forget_post(const Publication& publication) {
    forget_post_.tryReset();
    forget_post_.bind(1, std::string{publication.post_id});
    forget_post_.exec();
  }

  /// Returns whether there is a new or changed row.
  static bool write(Insert& row, const Record& record) {
    const Publication& publication = record.publication;
    std::optional<Timestamp> rendered_at;
    if (publication.rendered_at.micros != 0) rendered_at = publication.rendered_at;
    std::optional<Timestamp> published_at;
    if (publication.status == Status::Published) published_at = publication.published_at;

    row.begin();
    row.text(publication.post_id);
    row.text(publication.target);
    row.text(publication.format);
    row.text(to_text(publication.status));
    row.number(publication.attempts);
    row.number(publication.redelivered ? 1 : 0);
    row.text_or_null(publication.location);
    row.text_or_null(publication.error);
    row.time_or_null(publication.retry_at);
    row.time_or_null(rendered_at);
    row.time_or_null(published_at);
    row.time(record.recorded_at);
    return row.run();
  }

  std::filesystem::path path_;
  PostDecoder decode_;
  HeldDatabase database_;
  Insert insert_post_{database_.connection, kInsertPost};
  Insert insert_publication_{database_.connection, kInsertPublication};
  SQLite::Statement find_{database_.connection, kFindPublication};
  Insert merge_publication_{database_.connection, kMergePublication};
  SQLite::Statement keep_post_{database_.connection, kKeepPost};
  SQLite::Statement forget_post_{database_.connection, kForgetPost};
  std::string last_unflagged_;
  /// Of a batch that was committed when its file turned out to be gone: it comes again.
  std::optional<Repeats> committed_;
};

}  // namespace

std::unique_ptr<Store> make_sqlite_store(const std::filesystem::path& path,
                                         PostDecoder decode) try {
  return std::make_unique<SqliteStore>(path, decode);
} catch (const SQLite::Exception& error) {
  // Preparing the statements: a table of ours was changed by hand.
  throw std::runtime_error(path.string() + " lacks what this program made: " + error.what() +
                           "; restore it from a copy or name another file");
}

}  // namespace pullwire::reporter
