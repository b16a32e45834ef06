#include "republisher/workshop.hpp"

#include <deque>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "common/net/loop.hpp"
#include "tests/catch.hpp"

using namespace pullwire;
using namespace pullwire::republisher;
using namespace std::chrono_literals;

namespace {

/// Done on the worker.
class Fast final : public Target {
 public:
  std::optional<Outcome> prepare(const Document&) override { return Outcome{}; }
  void publish(const Document&, Done) override { FAIL("it was prepared"); }
};

/// Publishes when it is told to.
class Slow final : public Target {
 public:
  std::optional<Outcome> prepare(const Document&) override { return std::nullopt; }
  void publish(const Document& document, Done done) override {
    waiting.emplace_back(&document, std::move(done));
  }
  bool queues() const override { return true; }
  bool defer(const Document& document, std::string_view) override {
    for (auto one = waiting.begin(); one != waiting.end(); ++one) {
      if (one->first != &document) continue;
      end(one, Status::Deferred);
      return true;
    }
    return false;
  }
  void serve() { end(waiting.begin(), Status::Published); }

  std::deque<std::pair<const Document*, Done>> waiting;

 private:
  void end(std::deque<std::pair<const Document*, Done>>::iterator one, Status status) {
    const Done done = std::move(one->second);
    waiting.erase(one);
    done({.status = status, .location = {}, .error = "slow", .retry_at = {}});
  }
};

struct WorkshopTest {
  using Ended = std::tuple<std::string, std::string, Status>;  // post, target and format

  template <class Kind>
  Kind& add(const std::string& name, std::vector<const Format*> formats = {find_format("text")}) {
    auto target = std::make_unique<Kind>();
    Kind& added = *target;
    destinations.push_back(
        {.name = name, .target = std::move(target), .formats = std::move(formats)});
    return added;
  }
  void open(std::size_t most_posts) {
    shop = std::make_unique<Workshop>(
        loop, std::move(destinations), most_posts, 30s, metrics,
        [](Workshop::Ticket) { return true; },
        [this](Workshop::Ticket, const Publication& publication) {
          ended.emplace_back(
              publication.post_id,
              std::string{publication.target} + "/" + std::string{publication.format},
              publication.status);
          attempts = publication.attempts;
          errors.emplace_back(publication.error);
          if (!publication.post.empty()) ++with_post;
        });
  }
  /// Begins a post and waits until it is rendered and handed over.
  void begin(std::vector<Pending> pending = {}) {
    ids.push_back("s:" + std::to_string(ids.size()));
    Workshop::Work& one = work.emplace_back();
    one.ticket = ids.size() - 1;
    one.post.post_id = ids.back();
    one.post.text = "text";
    one.post.pending = std::move(pending);
    one.bytes = "bytes";
    shop->begin(one);
    shop->submit();
    shop->tidy([this] { loop.stop(); });  // behind it, on the same worker
    loop.run();
  }
  std::size_t count(const std::string& target, Status status) const {
    return static_cast<std::size_t>(
        std::count_if(ended.begin(), ended.end(), [&](const Ended& one) {
          return std::get<1>(one) == target + "/text" && std::get<2>(one) == status;
        }));
  }

  net::Loop loop;
  Metrics metrics{"republisher"};
  std::vector<Destination> destinations;
  std::deque<std::string> ids;
  std::deque<Workshop::Work> work;
  std::vector<Ended> ended;
  std::vector<std::string> errors;
  std::uint32_t attempts = 0;  // of the last
  std::size_t with_post = 0;
  std::unique_ptr<Workshop> shop;
};

}  // namespace

TEST_CASE_METHOD(WorkshopTest, "a slow target falls behind by its part, and holds up no other",
                 "[workshop]") {
  add<Fast>("fast");
  Slow& slow = add<Slow>("slow");
  open(10);
  for (int i = 0; i < 20; ++i) begin();
  CHECK(count("fast", Status::Published) == 20);
  CHECK(slow.waiting.size() == 5);
  CHECK(count("slow", Status::Deferred) == 15);
  CHECK(shop->working() == 0);
  // The oldest have kept their places, and what is served makes room.
  CHECK(slow.waiting.front().first->post->post_id == "s:0");
  slow.serve();
  begin();
  CHECK(slow.waiting.size() == 5);
  CHECK(count("slow", Status::Deferred) == 15);
}

TEST_CASE_METHOD(WorkshopTest, "targets that are equally slow hold posts back, and defer none",
                 "[workshop]") {
  Slow& one = add<Slow>("one");
  Slow& other = add<Slow>("other");
  open(10);
  for (int i = 0; i < 10; ++i) begin();
  for (int i = 0; i < 10; ++i) {
    one.serve();
    other.serve();
  }
  CHECK(count("one", Status::Published) == 10);
  CHECK(count("other", Status::Published) == 10);
}

TEST_CASE_METHOD(WorkshopTest, "one target alone defers nothing for want of room", "[workshop]") {
  Slow& slow = add<Slow>("slow");
  open(2);
  for (int i = 0; i < 10; ++i) begin();
  CHECK(slow.waiting.size() == 10);
  CHECK(ended.empty());
}

TEST_CASE_METHOD(WorkshopTest, "replayed posts take no more of a lane than others do",
                 "[workshop]") {
  add<Fast>("fast");
  Slow& slow = add<Slow>("slow");
  open(10);
  for (int i = 0; i < 20; ++i) begin({{"slow", "text", 1}});
  CHECK(slow.waiting.size() == 5);
  CHECK(count("fast", Status::Published) == 0);
}

TEST_CASE_METHOD(WorkshopTest, "a replayed post is published where it is lacking only",
                 "[workshop]") {
  add<Fast>("site", {find_format("text"), find_format("html")});
  add<Fast>("other");
  open(10);
  begin({{"site", "html", 3}, {"gone", "text", 1}});
  CHECK(ended == std::vector<Ended>{{"s:0", "gone/text", Status::Failed},
                                    {"s:0", "site/html", Status::Published}});
  CHECK(errors[0] == "there is no such target any more");
  CHECK(attempts == 4);
  CHECK(shop->publications_of(work[0].post) == 2);
  begin({{"gone", "text", 1}});
  CHECK(ended.size() == 3);
  CHECK(shop->working() == 0);
}

TEST_CASE_METHOD(WorkshopTest,
                 "the post goes with its first record, and with what is not published",
                 "[workshop]") {
  add<Fast>("fast");
  Slow& slow = add<Slow>("slow", {find_format("text"), find_format("html")});
  open(10);
  begin();
  CHECK(with_post == 1);
  slow.serve();
  CHECK(with_post == 1);
  CHECK(slow.defer(*slow.waiting.front().first, "slow"));
  CHECK(with_post == 2);
}

TEST_CASE_METHOD(WorkshopTest, "what waits of a post whose ingestor is gone is let go",
                 "[workshop]") {
  Slow& slow = add<Slow>("slow");
  open(10);
  for (int i = 0; i < 3; ++i) begin();
  slow.serve();
  shop->let_go([](Workshop::Ticket ticket) { return ticket < 2; });
  CHECK(ended == std::vector<Ended>{{"s:0", "slow/text", Status::Published},
                                    {"s:1", "slow/text", Status::Deferred}});
}
