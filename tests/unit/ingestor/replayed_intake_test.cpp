// What the intake does for sources that give posts of others again.
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/wire/events.hpp"
#include "ingestor/intake.hpp"
#include "ingestor/sources/make_source.hpp"
#include "ingestor/sources/simulated.hpp"
#include "tests/catch.hpp"
#include "tests/temp_dir.hpp"

using namespace pullwire;
using namespace pullwire::ingestor;
using pullwire::tests::TempDir;

namespace {

using Lines = std::vector<std::string>;

/// Gives the ids that are put into it, if they are taken; the others again later.
class Again final : public Source {
 public:
  explicit Again(std::shared_ptr<std::deque<std::string>> ids) : ids_{std::move(ids)} {}

  std::string_view name() const override { return "replay"; }
  Identity identity() const override { return Identity::Replayed; }
  std::optional<Time> pull(Time now, std::size_t /*wanted*/, Sink& sink) override {
    for (std::size_t left = ids_->size(); left > 0; --left) {
      const std::string id = ids_->front();
      ids_->pop_front();
      if (sink.takes(id)) {
        Post post;
        post.post_id = id;
        post.source = "s";
        post.text = "again";
        post.pending = {{"hook", "text", 1}};
        sink.post(post, {}, {});
      } else {
        ids_->push_back(id);
      }
    }
    if (ids_->empty() && sink.alone()) return std::nullopt;
    return now;
  }
  std::string position() const override { return {}; }
  std::string cursor(std::string_view /*position*/) const override { return {}; }
  void resume(std::string_view /*cursor*/) override { FAIL("it has no cursor"); }

 private:
  std::shared_ptr<std::deque<std::string>> ids_;
};

struct Run {
  explicit Run(const TempDir& dir, std::unique_ptr<Source> original, std::size_t sent_before = 0)
      : state{dir / "a.db", 1000},
        intake{both(std::move(original), ids),
               HashtagFilter{hashtags},
               {.seen_keep = 1000, .max_span = 1000, .sent_before = sent_before},
               state,
               metrics,
               [this](PostInHand post, bool again) { take(std::move(post), again); }} {}

  static std::vector<FilteredSource> both(std::unique_ptr<Source> original,
                                          std::shared_ptr<std::deque<std::string>> ids) {
    std::vector<FilteredSource> sources;
    sources.push_back({std::move(original)});
    sources.push_back({std::make_unique<Again>(std::move(ids))});
    return sources;
  }

  void take(PostInHand post, bool again) {
    Post read;
    REQUIRE(wire::decode_post(post.bytes, read));
    lines.push_back(std::string{read.post_id} + (read.pending.empty() ? "" : " replayed") +
                    (again ? " redelivered" : ""));
    out.push_back(std::move(post));
  }
  void pull() {
    for (int i = 0; i < 4; ++i) intake.pull(Time{0}, 100);
  }
  void settle(std::size_t which) { intake.settle(std::exchange(out.at(which), {})); }

  std::shared_ptr<std::deque<std::string>> ids = std::make_shared<std::deque<std::string>>();
  std::vector<std::string> hashtags{"wanted"};
  State state;
  Metrics metrics{"ingestor"};
  Lines lines;
  std::vector<PostInHand> out;
  Intake intake;
};

std::unique_ptr<Source> numbered(std::uint64_t count) {
  return make_simulated_source("s", {.count = count, .bytes = 20}, {"wanted"});
}

}  // namespace

TEST_CASE("a post is replayed when it is out no more, and as often as it is given", "[intake]") {
  const TempDir dir;
  pullwire::tests::write_file(dir / "posts.jsonl",
                              "{\"id\":1,\"text\":\"#wanted\"}\n{\"id\":2,\"text\":\"#wanted\"}\n");
  const bool by_number = GENERATE(true, false);
  Run run{dir, by_number ? numbered(2)
                         : make_source("s=file:posts.jsonl",
                                       {.base = dir.path(), .hashtags = {}, .follow = false})};
  run.pull();
  REQUIRE(run.lines == Lines{"s:1", "s:2"});
  *run.ids = {"s:1"};
  run.pull();
  CHECK(run.lines.size() == 2);  // it is with a republisher
  run.settle(0);
  run.pull();
  CHECK(run.lines == Lines{"s:1", "s:2", "s:1 replayed"});  // seen, and without the hashtag
  *run.ids = {"s:1"};
  run.pull();
  CHECK(run.lines.size() == 3);
  run.settle(2);
  run.pull();
  CHECK(run.lines.size() == 4);

  CHECK_FALSE(run.intake.ended());
  run.settle(1);
  run.pull();
  CHECK(run.intake.ended());  // all others have ended and are settled
  const auto changes = run.intake.take_changes();
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].source == "s");
  CHECK(run.intake.sent_before() == 0);
}

TEST_CASE("a post that its source reads again while it is replayed waits for that", "[intake]") {
  const TempDir dir;
  // Every 100 ms a post, so that the replay of the second comes first.
  Run run{dir, make_simulated_source("s", {.rate = 10, .count = 2, .bytes = 20}, {"wanted"}), 50};
  run.pull();
  *run.ids = {"s:2", "s:3"};
  run.pull();
  REQUIRE(run.lines ==
          Lines{"s:1 redelivered", "s:2 replayed redelivered", "s:3 replayed redelivered"});
  for (int i = 0; i < 4; ++i) run.intake.pull(std::chrono::seconds{1}, 100);
  CHECK(run.lines.size() == 3);
  CHECK(run.intake.held_back() == 1);
  CHECK(run.intake.read_total() == 4);
  run.settle(0);
  run.settle(2);
  CHECK(run.lines.size() == 3);
  CHECK_FALSE(run.intake.ended());
  run.settle(1);
  CHECK(run.lines.back() == "s:2 redelivered");
  CHECK(run.intake.held_back() == 0);
  *run.ids = {"s:2"};
  for (int i = 0; i < 4; ++i) run.intake.pull(std::chrono::seconds{2}, 100);
  CHECK(run.lines.size() == 4);
  run.settle(3);
  for (int i = 0; i < 4; ++i) run.intake.pull(std::chrono::seconds{2}, 100);
  CHECK(run.lines.size() == 5);
}
