#include "republisher/publish/directory.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <fcntl.h>
#include <pugixml.hpp>
#include <sys/file.h>
#include <unistd.h>

#include "tests/catch.hpp"
#include "tests/unit/republisher/site_fixture.hpp"

using namespace pullwire;
using namespace pullwire::republisher;
namespace fs = std::filesystem;

TEST_CASE("a published document is where the outcome says", "[directory]") {
  Site site;
  const auto target = site.open();
  const Outcome outcome = publish(*target, "test:1", "text");
  CHECK(outcome.status == Status::Published);
  CHECK(outcome.location == (site.root / path_of("test:1", "txt")).string());
  Post post = sample_post();
  post.post_id = "test:1";
  CHECK(tests::read_file(outcome.location) == render_text(post));
}

TEST_CASE("publishing again leaves one entry", "[directory]") {
  Site site;
  const auto target = site.open();
  for (int i = 0; i < 3; ++i) publish(*target, "test:1");
  target->tidy();
  CHECK(site.indexed() == Strings{path_of("test:1")});
  site.check_agreement();
}

TEST_CASE("a post is listed once with each of its formats", "[directory]") {
  Site site;
  const auto target = site.open();
  publish(*target, "test:1", "json");
  publish(*target, "test:2", "html");
  publish(*target, "test:1", "html");
  target->tidy();
  CHECK(site.indexed() == Strings{path_of("test:2"), path_of("test:1"), path_of("test:1", "json")});
  CHECK(site.fed() == site.indexed());
}

TEST_CASE("an index without posts says so", "[directory]") {
  Site site;
  site.open();
  CHECK(tests::read_file(site.root / "index.html").find("No posts yet") != std::string::npos);
  CHECK(site.fed().empty());
}

TEST_CASE("posts stand on pages of fifty, newest first", "[directory]") {
  Site site;
  const auto target = site.open();
  Strings newest_first;
  for (int count = 1; count <= 203; ++count) {
    publish(*target, id_of(count));
    newest_first.insert(newest_first.begin(), path_of(id_of(count)));
    if (count % 50 > 2 && count != 199) continue;
    target->tidy();
    CAPTURE(count);
    CHECK(site.indexed() == newest_first);
    CHECK(site.pages().size() == static_cast<std::size_t>(std::max(1, count / 50)));
    CHECK(site.fed() == Strings(newest_first.begin(), newest_first.begin() + std::min(count, 50)));
    site.check_agreement();
  }
}

TEST_CASE("a full page stays as it is while posts come", "[directory]") {
  Site site;
  const auto target = site.open();
  for (int i = 0; i < 160; ++i) publish(*target, id_of(i));
  target->tidy();
  const auto written = fs::last_write_time(site.root / "page-1.html");
  const std::string page = tests::read_file(site.root / "page-1.html");
  for (int i = 160; i < 320; ++i) publish(*target, id_of(i));
  target->tidy();
  CHECK(fs::last_write_time(site.root / "page-1.html") == written);
  CHECK(tests::read_file(site.root / "page-1.html") == page);
  site.check_agreement();
}

TEST_CASE("index and feed follow within a second, no more often", "[directory]") {
  Site site;
  const auto target = site.open();
  site.pass_seconds(1);
  publish(*target, "test:1");
  CHECK(site.indexed().size() == 1);
  publish(*target, "test:2");
  CHECK(site.indexed().size() == 1);
  site.pass_seconds(1);
  publish(*target, "test:3");
  CHECK(site.indexed().size() == 3);
}

TEST_CASE("processes together rebuild once a second", "[directory]") {
  Site site;
  const auto one = site.open();
  const auto two = site.open();
  site.pass_seconds(1);
  publish(*one, "test:1");
  publish(*two, "test:2");
  CHECK(site.indexed().size() == 1);
}

TEST_CASE("a rebuild without news writes nothing", "[directory]") {
  Site site;
  const auto target = site.open();
  publish(*target, "test:1");
  target->tidy();
  const auto written = fs::last_write_time(site.root / "index.html");
  target->tidy();
  site.open()->tidy();
  CHECK(fs::last_write_time(site.root / "index.html") == written);
}

TEST_CASE("the feed keeps its identity", "[directory]") {
  Site site;
  const auto id = [&] {
    pugi::xml_document feed;
    REQUIRE(feed.load_file((site.root / "feed.atom").c_str()));
    return std::string(feed.child("feed").child("id").text().get());
  };
  site.open();
  const std::string first = id();
  publish(*site.open(), "test:1");
  site.open()->tidy();
  CHECK(id() == first);
}

TEST_CASE("hostile posts are published within the site", "[directory]") {
  Site site;
  const auto target = site.open();
  std::vector<std::string> ids{"../../x", "/etc/passwd", ".", "..", std::string(1, '\0')};
  ids.insert(ids.end(), hostile_texts().begin(), hostile_texts().end());
  for (const std::string& id : ids) {
    const Post post = hostile_post(id);
    for (const char* format : {"html", "markdown", "text", "json"}) {
      const Format* found = find_format(format);
      const auto outcome = target->prepare({&post, found, found->render(post)});
      REQUIRE(outcome->status == Status::Published);
      CHECK(outcome->location.starts_with((site.root / "posts").string()));
    }
  }
  target->tidy();
  site.check_agreement();
  CHECK(site.documents().size() == ids.size() * 4);
  CHECK(std::distance(fs::directory_iterator(site.folder.path()), {}) == 1);
}

TEST_CASE("pages that are no longer needed are removed", "[directory]") {
  Site site;
  {
    const auto target = site.open();
    for (int i = 0; i < 160; ++i) publish(*target, id_of(i), "html", "x");
    target->tidy();
  }
  CHECK(fs::exists(site.root / "page-2.html"));
  for (int i = 0; i < 100; ++i) fs::remove(site.root / path_of(id_of(i)));
  site.open();
  CHECK_FALSE(fs::exists(site.root / "page-1.html"));
  site.check_agreement();
}

TEST_CASE("settlement does not wait for another's rebuild", "[directory]") {
  Site site;
  const auto target = site.open();
  const int fd = ::open((site.root / ".pullwire" / "lock").c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(::flock(fd, LOCK_EX) == 0);
  site.pass_seconds(1);
  CHECK(publish(*target, "test:1").status == Status::Published);
  CHECK(site.indexed().empty());
  ::close(fd);
  target->tidy();
  site.check_agreement();
}
