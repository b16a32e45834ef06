#include <vector>

#include "reporter/store/none.hpp"
#include "tests/catch.hpp"

using namespace pullwire;
using namespace pullwire::reporter;
using std::chrono::steady_clock;
using namespace std::chrono_literals;

namespace {

Record record(std::string_view post_id, std::string_view format = "html") {
  Record made{};
  made.publication.post_id = post_id;
  made.publication.target = "site";
  made.publication.format = format;
  return made;
}

}  // namespace

TEST_CASE("records are counted as new or doubled", "[none]") {
  NoneStore store{0ns};
  store.commit(std::vector{record("simulated:1"), record("simulated:2"), record("simulated:1")});
  store.commit(std::vector{record("simulated:2"), record("simulated:2", "text")});
  CHECK(store.distinct() == 3);
  CHECK(store.doubled() == 2);
  CHECK(store.exact());
}

TEST_CASE("simulated commits take their time in the mean", "[none]") {
  NoneStore store{1ms};
  const std::vector batch{record("simulated:1")};
  constexpr int kCommits = 50;
  const auto begun = steady_clock::now();
  for (int i = 0; i < kCommits; ++i) store.commit(batch);
  const auto took = steady_clock::now() - begun;
  // Only the last wait's overrun is not made up for; the upper bound leaves room for
  // a machine that is busy with something else.
  CHECK(took >= kCommits * 1ms);
  CHECK(took < kCommits * 1ms + 500ms);
}
