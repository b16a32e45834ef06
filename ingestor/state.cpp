#include "ingestor/state.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <stdexcept>
#include <utility>

#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>

namespace pullwire::ingestor {
namespace {

constexpr const char* kCreateSql = R"sql(
CREATE TABLE sources (
  id      INTEGER PRIMARY KEY,
  name    TEXT NOT NULL UNIQUE,
  cursor  TEXT NOT NULL,
  settled TEXT NOT NULL
);
CREATE TABLE seen (
  source INTEGER NOT NULL,
  upto   INTEGER NOT NULL,  -- how many keys the source ever had, with this row's
  keys   BLOB NOT NULL,     -- 16 bytes each, oldest first
  PRIMARY KEY (source, upto)
) WITHOUT ROWID;
CREATE TABLE run (
  one  INTEGER PRIMARY KEY CHECK (one = 1),
  sent INTEGER NOT NULL  -- so many posts of a source may have been sent above its cursor
);
INSERT INTO run VALUES (1, 0);
)sql";

constexpr Application kApplication{
    .id = 0x70774947,  // "pwIG"
    .schema_version = 2,
    .create_sql = kCreateSql,
    .cache_kib = 2048,  // rows are written once and read at the start only
};

constexpr std::size_t kKeysPerRow = 4096;
constexpr std::int64_t kPruneStep = 65536;

}  // namespace

/// Runs `work` and gives an error of the database the file's name.
template <typename Work>
auto State::named(Work work) {
  try {
    return work();
  } catch (const SQLite::Exception& error) {
    throw explained(path_, error);
  }
}

State::State(const std::filesystem::path& path, std::size_t seen_keep)
    : path_{path},
      seen_keep_{static_cast<std::int64_t>(seen_keep)},
      database_{open_database(path, kApplication)} {
  if (seen_keep == 0) throw std::invalid_argument("seen_keep must be at least 1");
  named([this] { load_known(); });
}

void State::load_known() {
  SQLite::Statement rows{database_.connection,
                         "SELECT name, id,"
                         " (SELECT coalesce(max(upto), 0) FROM seen WHERE source = id),"
                         " (SELECT coalesce(min(upto), 1) - 1 FROM seen WHERE source = id)"
                         " FROM sources"};
  while (rows.executeStep()) {
    known_[rows.getColumn(0).getString()] = {.id = rows.getColumn(1).getInt64(),
                                             .count = rows.getColumn(2).getInt64(),
                                             .pruned = rows.getColumn(3).getInt64()};
  }
}

std::map<std::string, SourceState> State::sources() {
  return named([this] {
    std::map<std::string, SourceState> sources;
    SQLite::Statement rows{database_.connection, "SELECT name, cursor, settled FROM sources"};
    while (rows.executeStep()) {
      sources[rows.getColumn(0).getString()] = {.cursor = rows.getColumn(1).getString(),
                                                .settled = rows.getColumn(2).getString()};
    }
    return sources;
  });
}

std::vector<SeenKey> State::seen(std::string_view source) {
  std::vector<SeenKey> keys;
  const auto known = known_.find(source);
  if (known == known_.end()) return keys;
  named([&] {
    SQLite::Statement rows{database_.connection,
                           "SELECT keys FROM seen WHERE source = ?1 AND upto > ?2 ORDER BY upto"};
    rows.bind(1, known->second.id);
    rows.bind(2, known->second.count - seen_keep_);
    while (rows.executeStep()) {
      const SQLite::Column blob = rows.getColumn(0);
      const std::size_t size = static_cast<std::size_t>(blob.getBytes());
      const std::size_t before = keys.size();
      if (size % sizeof(SeenKey) != 0) {
        throw std::runtime_error(path_.string() + " is damaged: a row of seen posts has " +
                                 std::to_string(size) + " bytes; restore it from a copy");
      }
      keys.resize(before + size / sizeof(SeenKey));
      if (size != 0) std::memcpy(keys.data() + before, blob.getBlob(), size);
    }
  });
  const std::size_t keep = static_cast<std::size_t>(seen_keep_);
  if (keys.size() > keep) {
    keys.erase(keys.begin(), keys.end() - static_cast<std::ptrdiff_t>(keep));
  }
  return keys;
}

std::size_t State::begin(std::size_t most) {
  return named([&] {
    const std::int64_t sent =
        database_.connection.execAndGet("SELECT sent FROM run WHERE one = 1").getInt64();
    write_sent(std::max(sent, static_cast<std::int64_t>(most)));
    return static_cast<std::size_t>(std::max<std::int64_t>(sent, 0));
  });
}

void State::end(std::size_t left) {
  database_.files.check_in_place();
  named([&] { write_sent(static_cast<std::int64_t>(left)); });
  database_.files.check_in_place();
}

void State::write_sent(std::int64_t posts) {
  SQLite::Statement update{database_.connection, "UPDATE run SET sent = ?1 WHERE one = 1"};
  update.bind(1, posts);
  update.exec();
}

void State::save(std::span<const SourceChange> changes) {
  if (changes.empty()) return;
  database_.files.check_in_place();
  named([&] {
    std::vector<std::pair<std::string_view, Known>> saved;  // becomes known once durable
    SQLite::Transaction transaction{database_.connection, SQLite::TransactionBehavior::IMMEDIATE};
    SQLite::Statement upsert{database_.connection,
                             "INSERT INTO sources (name, cursor, settled) VALUES (?1, ?2, ?3)"
                             " ON CONFLICT (name) DO UPDATE"
                             " SET cursor = excluded.cursor, settled = excluded.settled"
                             " RETURNING id"};
    for (const SourceChange& change : changes) {
      upsert.bindNoCopy(1, change.source);
      upsert.bindNoCopy(2, change.cursor);
      upsert.bindNoCopy(3, change.settled);
      upsert.executeStep();
      const auto known = known_.find(change.source);
      Known source = known == known_.end() ? Known{} : known->second;
      source.id = upsert.getColumn(0).getInt64();
      upsert.reset();
      save_seen(source, change.seen);
      saved.emplace_back(change.source, source);
    }
    transaction.commit();
    for (const auto& [name, source] : saved) known_.insert_or_assign(std::string{name}, source);
  });
  database_.files.check_in_place();
}

void State::save_seen(Known& source, std::span<const SeenKey> keys) {
  SQLite::Statement insert{database_.connection,
                           "INSERT INTO seen (source, upto, keys) VALUES (?1, ?2, ?3)"};
  for (std::size_t first = 0; first < keys.size(); first += kKeysPerRow) {
    const auto row = keys.subspan(first, std::min(kKeysPerRow, keys.size() - first));
    source.count += static_cast<std::int64_t>(row.size());
    insert.bind(1, source.id);
    insert.bind(2, source.count);
    insert.bindNoCopy(3, row.data(), static_cast<int>(row.size_bytes()));
    insert.exec();
    insert.reset();
  }
  prune(source, keys.size());
}

void State::prune(Known& source, std::size_t added) {
  const std::int64_t target = std::min(
      source.count - seen_keep_, source.pruned + static_cast<std::int64_t>(added) + kPruneStep);
  if (target <= source.pruned) return;
  SQLite::Statement remove{database_.connection,
                           "DELETE FROM seen WHERE source = ?1 AND upto <= ?2"};
  remove.bind(1, source.id);
  remove.bind(2, target);
  remove.exec();
  source.pruned = target;
}

}  // namespace pullwire::ingestor
