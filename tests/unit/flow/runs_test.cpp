#include "common/flow/runs.hpp"

#include "tests/catch.hpp"

using namespace pullwire::flow;

TEST_CASE("events of a session that follow each other are one run", "[flow]") {
  Runs runs;
  for (const Seq seq : {1U, 2U, 3U, 7U, 8U}) runs.add(0, 5, seq);
  runs.add(0, 6, 9);   // of another session
  runs.add(1, 6, 10);  // on another link
  const auto taken = runs.take();
  REQUIRE(taken.size() == 4);
  CHECK(taken[0].events == SeqRange{1, 3});
  CHECK(taken[1].events == SeqRange{7, 8});
  CHECK((taken[2].session == 6 && taken[2].events == SeqRange{9, 9}));
  CHECK((taken[3].link == 1 && taken[3].events == SeqRange{10, 10}));
  CHECK(runs.take().empty());
}
