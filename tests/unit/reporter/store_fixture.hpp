// Records for a store in a file, and what another program sees there.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>

#include "reporter/store/sqlite.hpp"

namespace pullwire::reporter::fixture {

namespace fs = std::filesystem;

inline const Timestamp kNoon = *parse_rfc3339("2026-11-23T12:00:00.000001Z");

inline Timestamp at_second(int second) {
  return {kNoon.micros + second * 1'000'000};
}

/// The encoded form in these tests: the text alone; "garbage" is none.
inline bool decode(std::string_view bytes, Post& post) {
  post = {.post_id = "file:1",
          .source = "file",
          .author = "ada",
          .author_name = "Ada Lovelace",
          .created_at = at_second(-60),
          .lang = "en",
          .url = "https://example.org/1",
          .text = bytes,
          .hashtags = {"C", "say\"\\\n", "ü"},
          .media = {},
          .ingested_at = at_second(0)};
  return bytes != "garbage";
}

inline Record record(Status status = Status::Published) {
  return {.publication = {.post_id = "file:1",
                          .target = "site",
                          .format = "html",
                          .status = status,
                          .location = {},
                          .error = {},
                          .retry_at = {},
                          .ingested_at = at_second(0),
                          .rendered_at = at_second(1),
                          .published_at = at_second(2),
                          .post = {}},
          .recorded_at = at_second(3)};
}

using Row = std::map<std::string, std::string>;  // "-" stands for NULL

/// What another program sees in the database.
inline std::vector<Row> query(const fs::path& path, const std::string& sql) {
  const SQLite::Database database{path.string()};
  SQLite::Statement statement{database, sql};
  std::vector<Row> rows;
  while (statement.executeStep()) {
    Row& row = rows.emplace_back();
    for (int i = 0; i < statement.getColumnCount(); ++i) {
      const SQLite::Column column = statement.getColumn(i);
      row[column.getName()] = column.isNull() ? "-" : column.getString();
    }
  }
  return rows;
}

inline std::size_t count(const fs::path& path) {
  return std::stoul(query(path, "SELECT count(*) AS n FROM publications").at(0).at("n"));
}

}  // namespace pullwire::reporter::fixture
