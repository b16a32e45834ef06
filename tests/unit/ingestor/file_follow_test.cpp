#include <filesystem>
#include <memory>
#include <string>

#include "ingestor/sources/file.hpp"
#include "tests/catch.hpp"
#include "tests/temp_dir.hpp"
#include "tests/unit/ingestor/recorder.hpp"

using namespace pullwire;
using namespace pullwire::ingestor;

namespace {

std::string line(const std::string& id) {
  return R"({"id":")" + id + R"(","text":"t"})" + "\n";
}

/// A source that follows a file whose two posts, a and b, it has read.
struct FollowTest {
  FollowTest() {
    tests::write_file(path, line("a") + line("b"));
    source = make_file_source("f", path, true);
    CHECK(news() == "f:a f:b");
  }

  /// The posts that came since the last call.
  std::string news() {
    recorder.posts.clear();
    CHECK_FALSE(pull_all(*source, recorder, now));
    now += std::chrono::milliseconds{200};
    const std::string ids = recorder.ids();
    return ids;
  }

  tests::TempDir directory;
  std::filesystem::path path = directory / "posts.jsonl";
  std::unique_ptr<Source> source;
  Recorder recorder;
  Time now{0};
};

}  // namespace

TEST_CASE_METHOD(FollowTest, "a followed file is looked at again after 200 ms", "[file]") {
  const std::size_t requests = recorder.requests;
  CHECK(source->pull(Time{5}, 1, recorder) == Time{5} + std::chrono::milliseconds{200});
  CHECK(news().empty());
  CHECK(recorder.requests == requests);
}

TEST_CASE_METHOD(FollowTest, "what is appended to a followed file comes", "[file]") {
  tests::append_file(path, line("c"));
  CHECK(news() == "f:c");
  tests::append_file(path, R"({"id":"d",)");
  CHECK(news().empty());
  tests::append_file(path, R"("text":"t"})");
  CHECK(news().empty());
  tests::append_file(path, "\n" + line("e"));
  CHECK(news() == "f:d f:e");
  CHECK(recorder.skips.empty());
}

TEST_CASE_METHOD(FollowTest, "a followed file that was cut off is read from the beginning",
                 "[file]") {
  tests::write_file(path, line("c"));
  CHECK(news() == "f:c");
  tests::write_file(path, "");
  CHECK(news().empty());
  tests::append_file(path, line("d"));
  CHECK(news() == "f:d");
  CHECK(recorder.errors.empty());
}

TEST_CASE_METHOD(FollowTest,
                 "a followed file that was written anew and is longer is read from the beginning",
                 "[file]") {
  tests::write_file(path, line("c") + line("d") + line("e"));
  CHECK(news() == "f:c f:d f:e");
}

TEST_CASE_METHOD(FollowTest, "a replaced file is read to its end before the new one", "[file]") {
  tests::append_file(path, line("c") + R"({"id":"d","text":"t"})");
  std::filesystem::rename(path, directory / "old");
  tests::write_file(path, line("e"));
  CHECK(news() == "f:c");
  CHECK(news() == "f:d f:e");
  tests::append_file(path, line("f"));
  CHECK(news() == "f:f");
  CHECK(recorder.errors.empty());
}

TEST_CASE_METHOD(FollowTest, "a vanished file is an error once and goes on when it is back",
                 "[file]") {
  std::filesystem::rename(path, directory / "away");
  CHECK(news().empty());
  CHECK(news().empty());
  CHECK(recorder.errors == std::vector<std::string>{path.string() + ": No such file or directory"});
  SECTION("the same file") {
    std::filesystem::rename(directory / "away", path);
    tests::append_file(path, line("c"));
    CHECK(news() == "f:c");
  }
  SECTION("another file") {
    tests::write_file(path, line("c"));
    CHECK(news() == "f:c");
  }
  CHECK(recorder.errors.size() == 1);
  std::filesystem::remove(path);
  CHECK(news().empty());
  CHECK(recorder.errors.size() == 2);
}

TEST_CASE_METHOD(FollowTest, "a name that comes to stand for a directory is an error", "[file]") {
  std::filesystem::rename(path, directory / "away");
  std::filesystem::create_directory(path);
  CHECK(news().empty());
  CHECK(news().empty());
  CHECK(recorder.errors == std::vector<std::string>{path.string() + ": not a regular file"});
}

TEST_CASE_METHOD(FollowTest, "a position in a file that is gone is the new one's beginning",
                 "[file]") {
  const std::string old_position = source->position();
  std::filesystem::rename(path, directory / "old");
  tests::write_file(path, line("c") + line("d"));
  CHECK(news() == "f:c f:d");
  const std::string cursor = source->cursor(old_position);
  const std::string second = source->cursor(recorder.posts[1].position);
  const auto give = [this](const std::string& from) {
    Recorder rest;
    const auto next = make_file_source("f", path, false);
    next->resume(from);
    CHECK(pull_all(*next, rest));
    return rest.ids();
  };
  CHECK(give(cursor) == "f:c f:d");
  CHECK(give(second) == "f:d");
}
