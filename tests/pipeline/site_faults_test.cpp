// The site's disk is full: what is published is there, the rest is deferred, nobody stops.
#include <csignal>

#include <SQLiteCpp/SQLiteCpp.h>

#include "tests/catch.hpp"
#include "tests/pipeline/support.hpp"
#include "tests/small_disk.hpp"

namespace pullwire::tests {

TEST_CASE("publications are deferred while the site's disk is full, and published afterwards") {
  constexpr std::int64_t kPosts = 600;
  Pipeline::Config config =
      fed_by("simulated:?rate=300&count=" + std::to_string(kPosts), "exit_when_done = true");
  config.targets =
      "[[republisher.target]]\nname = \"site\"\nuri = \"directory:site\"\n"
      "formats = [\"html\", \"text\"]\n";
  Pipeline pipeline{config};
  const auto disk = SmallDisk::mount(pipeline.dir() / "site", 32);
  if (!disk) {
    WARN("not run: this user may not mount a small disk");
    return;
  }
  Process reporter = pipeline.start_reporter();
  Process republisher = pipeline.start_republisher();
  Process ingestor = pipeline.start_ingestor();
  REQUIRE(eventually([&] { return pipeline.rows() > 50; }));
  disk->fill();
  REQUIRE(eventually([&] {
    return pipeline.query("SELECT count(*) FROM publications WHERE status = 'deferred'") > 50;
  }));
  CHECK(readiness(pipeline.republisher_port(0))
            .starts_with("target site does not take what comes: "));
  disk->make_room();
  REQUIRE(eventually([&] { return readiness(pipeline.republisher_port(0)) == "ready"; }));
  CHECK(ingestor.wait(30s) == 0);
  CHECK(pipeline.rows() == 2 * kPosts);
  CHECK(pipeline.query("SELECT count(*) FROM publications WHERE status = 'failed'") == 0);
  CHECK(pipeline.query("SELECT count(*) FROM publications WHERE status = 'deferred' AND "
                       "(retry_at IS NULL OR error NOT LIKE '%No space left on device%')") == 0);
  CHECK(lines_with(republisher, "a target does not take what comes") == 1);
  CHECK(lines_with(republisher, "a target takes publications again") == 1);
  republisher.signal(SIGTERM);
  CHECK(republisher.wait() == 0);

  // What is said to be there is there, whole; and nothing else is.
  SQLite::Database database{(pipeline.dir() / "reports.db").string()};
  SQLite::Statement rows{database,
                         "SELECT location, format FROM publications WHERE status = "
                         "'published'"};
  std::size_t published = 0;
  for (; rows.executeStep(); ++published) {
    const std::string document = read_file(rows.getColumn(0).getString());
    CHECK(document.ends_with(rows.getColumn(1).getString() == "html" ? "</html>\n" : "\n"));
  }
  std::size_t files = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator{pipeline.dir() / "site/posts"}) {
    if (entry.is_regular_file()) ++files;
  }
  CHECK(files == published);
}

}  // namespace pullwire::tests
