#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "republisher/publish/directory.hpp"
#include "republisher/publish/directory_journal.hpp"
#include "tests/catch.hpp"
#include "tests/logged.hpp"
#include "tests/unit/republisher/site_fixture.hpp"

using namespace pullwire;
using namespace pullwire::republisher;
namespace fs = std::filesystem;

TEST_CASE("two processes on one site agree whatever the interleaving", "[directory]") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  for (int history = 0; history < 3; ++history) {
    Site site;
    std::vector<std::unique_ptr<Target>> targets;
    for (int i = 0; i < 3; ++i) targets.push_back(site.open());
    for (int step = 0; step < 200; ++step) {
      auto& target = targets[random() % targets.size()];
      const auto dice = random() % 100;
      if (dice < 80) {
        publish(*target, id_of(static_cast<int>(random() % 200)), random() % 2 ? "html" : "json",
                "x");
      } else if (dice < 88) {
        site.now.micros += static_cast<std::int64_t>(random() % 2'000'000);
      } else if (dice < 93) {
        const auto documents = site.documents();
        if (documents.empty()) continue;
        fs::remove(site.root / *std::next(documents.begin(), static_cast<std::ptrdiff_t>(
                                                                 random() % documents.size())));
        target = site.open();  // looks at everything, and says so to the others
      } else if (dice < 96) {
        target->tidy();
      } else {
        target = site.open();
      }
    }
    std::shuffle(targets.begin(), targets.end(), random);
    for (const auto& target : targets) target->tidy();
    site.check_agreement();
  }
}

TEST_CASE("a document removed by hand leaves index and feed at the next start", "[directory]") {
  Site site;
  const auto old = site.open();
  for (int i = 0; i < 120; ++i) publish(*old, id_of(i));
  old->tidy();
  fs::remove(site.root / path_of(id_of(3)));
  fs::remove(site.root / path_of(id_of(119)));
  const auto started = site.open();
  site.check_agreement();
  CHECK(site.indexed().size() == 118);

  // A process that was there before does not bring it back.
  site.pass_seconds(1);
  publish(*old, id_of(120));
  old->tidy();
  site.check_agreement();
  CHECK(site.indexed().size() == 119);
}

TEST_CASE("a page lost or emptied is made again at the next start", "[directory]") {
  Site site;
  {
    const auto target = site.open();
    for (int i = 0; i < 120; ++i) publish(*target, id_of(i), "html", "x");
    target->tidy();
  }
  fs::remove(site.root / "feed.atom");
  fs::resize_file(site.root / "page-1.html", 0);
  site.open();
  site.check_agreement();
}

TEST_CASE("a document whose writer was slow to name it is listed once it is there", "[directory]") {
  Site site;
  const auto target = site.open();
  Journal{site.root / ".pullwire" / "journal"}.append("html", post_key("test:1"), "");
  publish(*target, "test:2");
  target->tidy();
  CHECK(site.indexed() == Strings{path_of("test:2")});
  const fs::path document = site.root / path_of("test:1");
  fs::create_directories(document.parent_path());
  std::ofstream(document) << "x";
  target->tidy();
  site.check_agreement();
}

TEST_CASE("a rebuild that broke off leaves no page taken for another", "[directory]") {
  Site site;
  publish(*site.open(), "test:1");
  const auto target = site.open();
  publish(*target, "test:2");
  target->tidy();
  fs::remove(site.root / path_of("test:2"));
  fs::remove(site.root / "feed.atom");
  fs::create_directories(site.root / "feed.atom" / "in the way");  // written after the index
  const auto started = site.open();
  CHECK(site.indexed() == Strings{path_of("test:1")});

  fs::remove_all(site.root / "feed.atom");
  publish(*target, "test:2");
  target->tidy();
  site.check_agreement();
}

TEST_CASE("a document that a power cut left empty is not listed", "[directory]") {
  Site site;
  {
    const auto target = site.open();
    publish(*target, "test:1");
    publish(*target, "test:2");
    target->tidy();
  }
  fs::resize_file(site.root / path_of("test:1"), 0);
  const auto target = site.open();
  CHECK(site.indexed() == Strings{path_of("test:2")});
  publish(*target, "test:1");
  target->tidy();
  site.check_agreement();
}

TEST_CASE("a torn or lost state costs a rebuild and nothing else", "[directory]") {
  Site site;
  {
    const auto target = site.open();
    for (int i = 0; i < 60; ++i) publish(*target, id_of(i), "html", "x");
  }
  for (const int size : {0, 7, 48, 51, 59}) {
    fs::resize_file(site.root / ".pullwire" / "lock", static_cast<std::uintmax_t>(size));
    const auto target = site.open();
    publish(*target, id_of(100 + size), "html", "x");
    target->tidy();
    site.check_agreement();
  }
}

TEST_CASE("a folder that cannot be written to defers the publication for a minute", "[directory]") {
  Site site;
  const auto target = site.open();
  publish(*target, "test:1");
  const fs::path shard = (site.root / path_of("test:2")).parent_path();
  fs::remove_all(shard);
  std::ofstream(shard) << "a file where a folder should be";
  const Outcome outcome = publish(*target, "test:2");
  CHECK(outcome.status == Status::Deferred);
  CHECK(outcome.error.find(shard.string()) != std::string::npos);
  CHECK(outcome.retry_at == Timestamp{site.now.micros + 60'000'000});

  fs::remove(shard);
  CHECK(publish(*target, "test:2").status == Status::Published);
  target->tidy();
  site.check_agreement();
}

TEST_CASE("a site removed under a running process is begun again", "[directory]") {
  Site site;
  const auto target = site.open();
  publish(*target, "test:1");
  fs::remove_all(site.root);
  CHECK(publish(*target, "test:2").status == Status::Deferred);
  CHECK(publish(*target, "test:2").status == Status::Published);
  target->tidy();
  CHECK(site.indexed() == Strings{path_of("test:2")});
}

TEST_CASE("an index that cannot be written is told in the log, once", "[directory]") {
  Site site;
  const auto target = site.open();
  fs::remove(site.root / "index.html");
  fs::create_directories(site.root / "index.html" / "in the way");
  const std::string lines = tests::logged([&] {
    publish(*target, "test:1");
    target->tidy();
    target->tidy();
  });
  CHECK_THAT(lines, Catch::Matches("[0-9T:.-]+Z warn index and feed are out of date site=.+ "
                                   "reason=.+index.html.+\\n"));
  fs::remove_all(site.root / "index.html");
  target->tidy();
  site.check_agreement();
}

TEST_CASE("a root that cannot be made is refused by name", "[directory]") {
  Site site;
  std::ofstream(site.root) << "a file";
  CHECK_THROWS_WITH(site.open(), Catch::Contains(site.root.string()));
}

TEST_CASE("a writer killed at any time leaves a site that another makes right", "[directory]") {
  Site site;
  const auto survivor = site.open();
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  for (int round = 0; round < 5; ++round) {
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      // Writes until it is killed; the clock runs fast, so that it is often at the index.
      Timestamp now = site.now;
      const auto target =
          make_directory_target(site.root, [&now] { return Timestamp{now.micros += 100'000}; });
      Post post = sample_post();
      const Format* html = find_format("html");
      for (int i = 0;; ++i) {
        const std::string id = "child-" + std::to_string(round) + ":" + std::to_string(i);
        post.post_id = id;
        target->prepare({&post, html, html->render(post)});
        if (i == 20 && ::write(ready[1], "x", 1) != 1) ::_exit(1);
      }
    }
    char byte = 0;
    REQUIRE(::read(ready[0], &byte, 1) == 1);
    // However many posts it gets done by then: the kill is somewhere in the midst.
    for (auto spin = random() % 40; spin > 0; --spin) {
      publish(*survivor, "survivor:" + std::to_string(random() % 50), "html", "x");
    }
    REQUIRE(::kill(child, SIGKILL) == 0);
    REQUIRE(::waitpid(child, nullptr, 0) == child);
    ::close(ready[0]);
    ::close(ready[1]);
    survivor->tidy();
    site.check_agreement();
    for (const std::string& document : site.documents()) {
      const std::string bytes = tests::read_file(site.root / document);
      CHECK((bytes == "x" || bytes.ends_with("</html>\n")));
    }
  }
  const fs::path temporary = site.root / ".pullwire" / "tmp";
  CHECK(std::distance(fs::directory_iterator(temporary), {}) > 1);
  const auto next = site.open();
  CHECK(std::distance(fs::directory_iterator(temporary), {}) == 2);
}
