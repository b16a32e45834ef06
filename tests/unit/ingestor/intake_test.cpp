#include "ingestor/intake.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/wire/events.hpp"
#include "ingestor/sources/make_source.hpp"
#include "ingestor/sources/simulated.hpp"
#include "tests/catch.hpp"
#include "tests/temp_dir.hpp"

using namespace pullwire;
using namespace pullwire::ingestor;
using pullwire::tests::TempDir;

namespace {

using Numbers = std::vector<int>;

/// One run of an ingestor's intake on the state in `dir`; killed at the end of its scope.
struct Run {
  struct Read {
    int number;
    PostInHand post;
    bool redelivered;
  };

  explicit Run(const TempDir& dir, std::size_t most = 1000)
      : state{dir / "a.db", 1000}, max_span{most} {}

  static std::vector<FilteredSource> numbered_posts() {
    std::vector<FilteredSource> sources;
    sources.push_back({make_simulated_source("s", {.count = 100, .bytes = 20}, {})});
    return sources;
  }

  void take(PostInHand post, bool redelivered) {
    Post read;
    REQUIRE(wire::decode_post(post.bytes, read));
    posts.push_back({std::stoi(std::string{read.post_id.substr(2)}), std::move(post), redelivered});
  }

  /// The numbers of the posts that credit for `wanted` brings.
  Numbers read(std::size_t wanted) {
    const std::size_t before = posts.size();
    const std::size_t enough = before + wanted;
    while (posts.size() < enough && intake.pull(Time{0}, enough - posts.size())) {
    }
    Numbers numbers;
    for (std::size_t i = before; i < posts.size(); ++i) numbers.push_back(posts[i].number);
    return numbers;
  }

  void settle(const Numbers& numbers) {
    for (const Read& read : posts) {
      if (std::count(numbers.begin(), numbers.end(), read.number) > 0) intake.settle(read.post);
    }
  }

  void save() {
    const auto changes = intake.take_changes();
    state.save(changes);
    intake.stored(changes);
  }

  /// Those that were flagged as redelivered.
  Numbers redelivered() const {
    Numbers numbers;
    for (const Read& read : posts) {
      if (read.redelivered) numbers.push_back(read.number);
    }
    return numbers;
  }

  State state;
  std::size_t max_span;
  Metrics metrics{"ingestor"};
  std::vector<Read> posts;
  Intake intake{numbered_posts(),
                HashtagFilter{{}},
                {.seen_keep = 1000, .max_span = max_span, .sent_before = state.begin(max_span)},
                state,
                metrics,
                [this](PostInHand post, bool again) { take(std::move(post), again); }};
};

}  // namespace

TEST_CASE("what is settled above the cursor is not read again, runs later", "[intake]") {
  const TempDir dir;
  {
    Run run{dir};
    REQUIRE(run.read(6) == Numbers{1, 2, 3, 4, 5, 6});
    run.settle({2, 3, 5, 6});
    run.save();
  }
  {
    Run run{dir};
    REQUIRE(run.read(1) == Numbers{1});
    run.save();
    REQUIRE(run.read(2) == Numbers{4, 7});
    run.settle({7});
    run.save();
  }
  {
    Run run{dir};
    CHECK(run.read(3) == Numbers{1, 4, 8});
    run.settle({1, 4});
    run.save();
    CHECK(run.state.sources().at("s").cursor == "8");
  }
  Run run{dir};
  CHECK(run.read(1) == Numbers{8});
}

TEST_CASE("a post with more hashtags than it can carry is refused, not filtered", "[intake]") {
  TempDir dir;
  const auto line = [](int id, std::size_t others, const char* last) {
    std::string tags;
    for (std::size_t i = 0; i < others; ++i) tags += "\"t" + std::to_string(i) + "\",";
    return "{\"id\":" + std::to_string(id) + ",\"text\":\"x\",\"hashtags\":[" + tags + "\"" + last +
           "\"]}\n";
  };
  pullwire::tests::write_file(dir / "posts.jsonl", line(1, PostLimits::kHashtags, "wanted") +
                                                       line(2, 3, "wanted") +
                                                       line(3, PostLimits::kHashtags - 1, "other"));
  std::vector<FilteredSource> sources;
  sources.push_back({make_source("s=file:" + (dir / "posts.jsonl").string(),
                                 {.base = dir.path(), .hashtags = {}, .follow = false})});
  State state{dir / "a.db", 1000};
  Metrics metrics{"ingestor"};
  const std::vector<std::string> wanted{"wanted"};
  std::vector<std::string> read;
  Intake intake{
      std::move(sources),
      HashtagFilter{wanted},
      {.seen_keep = 1000, .max_span = 1000, .sent_before = 0},
      state,
      metrics,
      [&](const PostInHand& in_hand, bool) {
        Post post;
        REQUIRE(wire::decode_post(in_hand.bytes, post));
        read.push_back(std::string{post.post_id} + (post.refused.empty() ? "" : " refused"));
      }};
  while (intake.pull(Time{0}, 10)) {
  }
  CHECK(read == std::vector<std::string>{"s:1 refused", "s:2"});
  CHECK(intake.filtered_total() == 1);
}

TEST_CASE("no more than max_span posts are sent above the cursor that is stored", "[intake]") {
  const TempDir dir;
  Run run{dir, 5};
  CHECK(run.read(10) == Numbers{1, 2, 3, 4, 5});
  run.settle({2, 3, 4, 5});
  run.save();
  CHECK(run.read(10).empty());
  CHECK_FALSE(run.intake.waits_for_store());

  run.settle({1});
  CHECK(run.intake.waits_for_store());
  CHECK(run.read(10).empty());  // a kill now would have all five sent again
  auto changes = run.intake.take_changes();
  run.intake.give_back(std::move(changes));
  CHECK(run.intake.waits_for_store());
  CHECK(run.read(10).empty());
  CHECK(run.intake.lag() == 5);

  run.save();
  CHECK_FALSE(run.intake.waits_for_store());
  CHECK(run.intake.lag() == 0);
  CHECK(run.read(10) == Numbers{6, 7, 8, 9, 10});
}

TEST_CASE("a post that a killed run may have sent is redelivered, runs later", "[intake]") {
  const TempDir dir;
  {
    Run run{dir, 5};
    REQUIRE(run.read(5) == Numbers{1, 2, 3, 4, 5});
    CHECK(run.redelivered().empty());
  }
  {
    // Ends cleanly, but has not come to what the first one sent last.
    Run run{dir, 20};
    REQUIRE(run.read(2) == Numbers{1, 2});
    CHECK(run.redelivered() == Numbers{1, 2});
    run.settle({1, 2});
    run.save();
    run.state.end(run.intake.sent_before());
  }
  Run run{dir, 20};
  REQUIRE(run.read(5) == Numbers{3, 4, 5, 6, 7});
  CHECK(run.redelivered() == Numbers{3, 4, 5});
}
