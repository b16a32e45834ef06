// A post that ends its republisher, again and again, ends nothing else.
#include <vector>

#include "tests/catch.hpp"
#include "tests/pipeline/support.hpp"

namespace pullwire::tests {

TEST_CASE("a post that kills its republisher is given up, its neighbours are published") {
  constexpr std::int64_t kPosts = 300;
  // "150 " is in the text of one post alone.
  Pipeline::Config config =
      fed_by("simulated:?bytes=100&count=" + std::to_string(kPosts), "exit_when_done = true");
  config.targets = null_target("?crash_on=150%20");
  Pipeline pipeline{config};
  Process reporter = pipeline.start_reporter();
  std::vector<Process> republishers;
  republishers.push_back(pipeline.start_republisher());
  republishers.push_back(pipeline.start_republisher());
  Process ingestor = pipeline.start_ingestor();
  int died = 0;
  REQUIRE(eventually(
      [&] {
        for (Process& republisher : republishers) {
          if (republisher.running()) continue;
          ++died;
          republisher = pipeline.start_republisher();
        }
        return !ingestor.running();
      },
      60s));
  CHECK(ingestor.wait() == 0);
  CHECK(died == 3);  // max_attempts

  CHECK(pipeline.rows() == kPosts);
  CHECK(pipeline.query("SELECT count(*) FROM posts") == kPosts);
  CHECK(pipeline.query("SELECT count(*) FROM publications WHERE status = 'published'") ==
        kPosts - 1);
  CHECK(pipeline.query("SELECT count(*) FROM publications WHERE status = 'failed' AND attempts = 3 "
                       "AND post_id = 'simulated:150' AND redelivered = 1 "
                       "AND error LIKE 'given up after 3 attempts%'") == 1);
  // Who merely travelled with it was not held against: at most one attempt more.
  CHECK(pipeline.query("SELECT max(attempts) FROM publications WHERE status = 'published'") <= 2);
}

}  // namespace pullwire::tests
