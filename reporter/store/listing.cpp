#include "reporter/store/listing.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>

#include <SQLiteCpp/Statement.h>

#include "common/ops/report_database.hpp"
#include "common/ops/text.hpp"

namespace pullwire::reporter {
namespace {

constexpr int kPageRows = 1000;

constexpr const char* kPage = R"sql(
SELECT rowid, post_id, target, format, attempts,
       iif(status = 'deferred', retry_at, recorded_at), error
FROM publications INDEXED BY unpublished_publications
WHERE published_at IS NULL AND status = ?1 AND rowid > ?2 ORDER BY rowid LIMIT ?3
)sql";

void write(std::FILE* out, const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), out) != text.size() || std::fflush(out) != 0) {
    throw std::runtime_error{std::string{"cannot write the list: "} + std::strerror(errno)};
  }
}

}  // namespace

void list_publications(const std::filesystem::path& path, Status status, std::FILE* out) try {
  const SQLite::Database database = open_for_reading(path, kReportDatabase);
  SQLite::Statement page{database, kPage};
  std::string lines = "post_id\ttarget\tformat\tattempts\t";
  lines += status == Status::Deferred ? "retry_at" : "recorded_at";
  lines += "\terror\n";
  int rows = kPageRows;
  for (std::int64_t last = 0; rows == kPageRows; lines.clear()) {
    page.bind(1, std::string{to_text(status)});
    page.bind(2, last);
    page.bind(3, kPageRows);
    for (rows = 0; page.executeStep(); ++rows) {
      last = page.getColumn(0).getInt64();
      for (int i = 1; i < page.getColumnCount(); ++i) {
        lines += escaped(page.getColumn(i).getString());  // of NULL: nothing
        lines += i + 1 < page.getColumnCount() ? '\t' : '\n';
      }
    }
    page.reset();
    write(out, lines);
  }
} catch (const SQLite::Exception& error) {
  throw explained(path, error);
}

}  // namespace pullwire::reporter
