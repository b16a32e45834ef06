// A post that ends its republisher, again and again, ends nothing else.
#include <set>
#include <vector>

#include "tests/catch.hpp"
#include "tests/pipeline/support.hpp"

namespace pullwire::tests {
namespace {

constexpr int kPosts = 300;

/// Republishers that are started again when they die, as scripts/pipeline does, at once.
class Crew {
 public:
  Crew(Pipeline& pipeline, int size, std::vector<std::string> flags = {})
      : pipeline_{pipeline}, flags_{std::move(flags)} {
    for (int i = 0; i < size; ++i) crew_.push_back(pipeline_.start_republisher(flags_));
  }
  /// Whether the ingestor has ended; looks after the crew meanwhile.
  bool outlives(Process& ingestor) {
    for (Process& one : crew_) {
      if (one.running()) continue;
      last_words_.push_back(one.output());
      exit_codes_.insert(one.wait().value_or(-1));
      one = pipeline_.start_republisher(flags_);
    }
    return !ingestor.running();
  }
  [[nodiscard]] std::size_t deaths() const { return last_words_.size(); }
  [[nodiscard]] const std::vector<std::string>& last_words() const { return last_words_; }
  [[nodiscard]] const std::set<int>& exit_codes() const { return exit_codes_; }

 private:
  Pipeline& pipeline_;
  std::vector<std::string> flags_;
  std::vector<Process> crew_;
  std::vector<std::string> last_words_;
  std::set<int> exit_codes_;
};

/// Fed by a file in which the posts with these numbers are poison.
Pipeline::Config poisoned(const std::string& fault) {
  Pipeline::Config config = fed_by("file:posts.jsonl", "exit_when_done = true\nhashtags = []\n");
  config.targets = null_target("?" + fault + "=poison", "\"text\", \"json\"");
  return config;
}

void write_posts(const Pipeline& pipeline, const std::set<int>& poison) {
  std::string lines;
  for (int i = 1; i <= kPosts; ++i) {
    lines += R"({"id":)" + std::to_string(i) + R"(,"text":")" +
             (poison.count(i) != 0 ? "poison" : "harmless") + "\"}\n";
  }
  write_file(pipeline.dir() / "posts.jsonl", lines);
}

/// The poison has failed with its reason in both formats, all others are published.
void check_rows(const Pipeline& pipeline, const std::set<int>& poison) {
  const auto failed = static_cast<std::int64_t>(2 * poison.size());
  CHECK(pipeline.query("SELECT count(*) FROM posts") == kPosts);
  CHECK(pipeline.rows() == 2 * kPosts);
  CHECK(pipeline.query("SELECT count(*) FROM publications WHERE status = 'published'") ==
        2 * kPosts - failed);
  CHECK(pipeline.query("SELECT count(*) FROM publications JOIN posts USING (post_id) "
                       "WHERE status = 'failed' AND text = 'poison' AND attempts = 3 "
                       "AND redelivered = 1 AND rendered_at IS NULL "
                       "AND error LIKE 'given up after 3 attempts%'") == failed);
  // Who merely travelled with it was not held against: at most one attempt more.
  CHECK(pipeline.query("SELECT max(attempts) FROM publications WHERE status = 'published'") <= 2);
}

}  // namespace

TEST_CASE("a post that kills its republisher is given up, its neighbours are published") {
  struct Case {
    int republishers;
    std::set<int> poison;
    std::vector<std::string> flags;
  };
  const auto [republishers, poison, flags] =
      GENERATE(values<Case>({{1, {150}, {}},
                             {2, {150}, {}},
                             {2, {100, 101, 250}, {}},
                             {1, {kPosts}, {"--max-demand", "1"}}}));
  CAPTURE(republishers, poison, flags);
  Pipeline pipeline{poisoned("crash_on")};
  write_posts(pipeline, poison);
  Process reporter = pipeline.start_reporter();
  Crew crew{pipeline, republishers, flags};
  Process ingestor = pipeline.start_ingestor();
  REQUIRE(eventually([&] { return crew.outlives(ingestor); }, 60s));
  CHECK(ingestor.wait() == 0);
  CHECK(crew.deaths() == 3 * poison.size());  // max_attempts each
  check_rows(pipeline, poison);
}

TEST_CASE("a post that hangs its republisher is named by it and given up") {
  Pipeline pipeline{poisoned("hang_on")};
  write_posts(pipeline, {150});
  Process reporter = pipeline.start_reporter();
  Crew crew{pipeline, 2, {"--render-timeout", "1"}};
  Process ingestor = pipeline.start_ingestor();
  REQUIRE(eventually([&] { return crew.outlives(ingestor); }, 60s));
  CHECK(ingestor.wait() == 0);
  CHECK(crew.deaths() == 3);
  CHECK(crew.exit_codes() == std::set<int>{1});
  for (const std::string& words : crew.last_words()) {
    CHECK(words.find("rendering hangs past render_timeout; this process ends post=file:150") !=
          std::string::npos);
  }
  check_rows(pipeline, {150});
}

TEST_CASE("a post that kills its republisher is given up though its ingestor is killed, too") {
  Pipeline pipeline{poisoned("crash_on")};
  write_posts(pipeline, {150});
  Process reporter = pipeline.start_reporter();
  Crew crew{pipeline, 1};
  Process ingestor = pipeline.start_ingestor();
  REQUIRE(eventually([&] { return crew.outlives(ingestor) || crew.deaths() == 2; }, 60s));
  ingestor.kill();
  ingestor = pipeline.start_ingestor();
  REQUIRE(eventually([&] { return crew.outlives(ingestor); }, 60s));
  CHECK(ingestor.wait() == 0);
  CHECK(crew.deaths() == 2 + 3);  // the new one knows nothing of the attempts before
  check_rows(pipeline, {150});
}

/// scripts/pipeline, which is brought down again whatever happens.
class Launcher {
 public:
  explicit Launcher(const Pipeline& pipeline) : pipeline_{pipeline} {}
  Launcher(const Launcher&) = delete;
  Launcher& operator=(const Launcher&) = delete;
  ~Launcher() { run({"down"}); }

  std::optional<int> run(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--run-dir", (pipeline_.dir() / "run").string()});
    const std::string bin = executable("reporter").parent_path().string();
    return Process{PULLWIRE_SCRIPTS "/pipeline",
                   arguments,
                   pipeline_.dir() / "launcher.log",
                   {"PIPELINE_BIN=" + bin}}
        .wait(60s);
  }

 private:
  const Pipeline& pipeline_;
};

TEST_CASE("scripts/pipeline starts again what a post kills, until the post is given up") {
  Pipeline pipeline{poisoned("crash_on")};
  write_posts(pipeline, {150});
  Launcher launcher{pipeline};
  REQUIRE(launcher.run({"up", "--config", pipeline.config_file(), "--republishers", "2"}) == 0);
  CHECK(eventually([&] { return pipeline.rows() == 2 * kPosts; }, 60s));
  check_rows(pipeline, {150});
}

}  // namespace pullwire::tests
