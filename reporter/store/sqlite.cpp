#include "reporter/store/sqlite.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>

#include "common/ops/sqlite.hpp"

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

constexpr Application kApplication{
    .id = 0x70775250,  // "pwRP"
    .schema_version = 1,
    .create_sql = kCreateSql,
    .cache_kib = 65536,
};

constexpr const char* kInsertPost = R"sql(
INSERT INTO posts (post_id, source, author, created_at, ingested_at, lang, url, text, hashtags)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (post_id) DO NOTHING
)sql";

// In DO UPDATE a bare column is the stored row's, and all are read before any is set.
constexpr const char* kUpsertPublication = R"sql(
INSERT INTO publications (post_id, target, format, status, attempts, redelivered, location, error,
                          retry_at, rendered_at, published_at, recorded_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT (post_id, target, format) DO UPDATE SET
  redelivered  = redelivered OR excluded.redelivered,
  status       = iif(status = 'published', status, excluded.status),
  attempts     = iif(status = 'published', attempts, excluded.attempts),
  location     = iif(status = 'published', location, excluded.location),
  error        = iif(status = 'published', error, excluded.error),
  retry_at     = iif(status = 'published', retry_at, excluded.retry_at),
  rendered_at  = iif(status = 'published', rendered_at, excluded.rendered_at),
  published_at = coalesce(published_at, excluded.published_at)
)sql";

/// Writes times as `to_text` does. Most times of a batch lie in few seconds, so the
/// last one's text is kept: a tenth of the time of `to_text`.
class TimeText {
 public:
  std::string_view write(Timestamp time) {
    const std::int64_t micros = ((time.micros % kSecond) + kSecond) % kSecond;
    const Timestamp second{time.micros - micros};
    if (text_.empty() || second != second_) text_ = to_text(second_ = second);
    auto digit = text_.rbegin() + 1;  // before the Z
    for (std::int64_t rest = micros, i = 0; i < 6; ++i, rest /= 10) {
      *digit++ = static_cast<char>('0' + rest % 10);
    }
    return text_;
  }

 private:
  static constexpr std::int64_t kSecond = 1'000'000;
  Timestamp second_;
  std::string text_;
};

/// A prepared statement whose values are bound without a copy by SQLite: they stay
/// in buffers that are used again for every row.
class Insert {
 public:
  Insert(const SQLite::Database& database, const char* sql) : statement_{database, sql} {}

  /// Begins a row; its values bind in the order of the statement's parameters.
  void begin() noexcept {
    statement_.tryReset();  // repeats the error of a failed run, which was thrown then
    next_ = 0;
  }
  void text(std::string_view value) {
    std::string& buffer = buffers_.at(static_cast<std::size_t>(next_));
    buffer.assign(value);
    statement_.bindNoCopy(++next_, buffer);
  }
  void text_or_null(std::string_view value) {
    if (value.empty()) {
      statement_.bind(++next_);
    } else {
      text(value);
    }
  }
  void time(Timestamp value) { text(time_text_.write(value)); }
  void time_or_null(std::optional<Timestamp> value) {
    if (value) {
      time(*value);
    } else {
      statement_.bind(++next_);
    }
  }
  void number(std::int64_t value) { statement_.bind(++next_, value); }

  void run() { statement_.exec(); }

 private:
  SQLite::Statement statement_;
  std::array<std::string, 12> buffers_;
  TimeText time_text_;
  int next_ = 0;
};

/// A JSON array of strings, which are UTF-8.
std::string to_json(const std::vector<std::string_view>& strings) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string json = "[";
  for (const std::string_view string : strings) {
    json += json.size() > 1 ? ",\"" : "\"";
    for (const char c : string) {
      if (c == '"' || c == '\\') {
        json += {'\\', c};
      } else if (c >= 0 && c < ' ') {
        json += "\\u00";
        json += {kHex[static_cast<std::size_t>(c / 16)], kHex[static_cast<std::size_t>(c % 16)]};
      } else {
        json += c;
      }
    }
    json += '"';
  }
  return json += ']';
}

class SqliteStore final : public Store {
 public:
  SqliteStore(const std::filesystem::path& path, PostDecoder decode)
      : name_{path.string()}, decode_{decode}, database_{open_database(path, kApplication)} {}

  void commit(std::span<const Record> batch) override try {
    if (batch.empty()) return;
    SQLite::Transaction transaction{database_.connection, SQLite::TransactionBehavior::IMMEDIATE};
    for (const Record& record : batch) {
      if (!record.publication.post.empty()) insert_post(record.publication);
      upsert_publication(record);
    }
    transaction.commit();
  } catch (const SQLite::Exception& error) {
    // The transaction's destructor has rolled back.
    throw std::runtime_error(name_ + ": " + error.what());
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

  void upsert_publication(const Record& record) {
    const Publication& publication = record.publication;
    std::optional<Timestamp> rendered_at;
    if (publication.rendered_at.micros != 0) rendered_at = publication.rendered_at;
    std::optional<Timestamp> published_at;
    if (publication.status == Status::Published) published_at = publication.published_at;

    upsert_publication_.begin();
    upsert_publication_.text(publication.post_id);
    upsert_publication_.text(publication.target);
    upsert_publication_.text(publication.format);
    upsert_publication_.text(to_text(publication.status));
    upsert_publication_.number(publication.attempts);
    upsert_publication_.number(publication.redelivered ? 1 : 0);
    upsert_publication_.text_or_null(publication.location);
    upsert_publication_.text_or_null(publication.error);
    upsert_publication_.time_or_null(publication.retry_at);
    upsert_publication_.time_or_null(rendered_at);
    upsert_publication_.time_or_null(published_at);
    upsert_publication_.time(record.recorded_at);
    upsert_publication_.run();
  }

  std::string name_;
  PostDecoder decode_;
  HeldDatabase database_;
  Insert insert_post_{database_.connection, kInsertPost};
  Insert upsert_publication_{database_.connection, kUpsertPublication};
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
