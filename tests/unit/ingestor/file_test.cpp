#include "ingestor/sources/file.hpp"

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include <sys/stat.h>

#include "common/model/time.hpp"
#include "tests/catch.hpp"
#include "tests/temp_dir.hpp"
#include "tests/unit/ingestor/recorder.hpp"

using namespace pullwire;
using namespace pullwire::ingestor;

namespace {

std::string line(const std::string& id) {
  return R"({"id":")" + id + R"(","text":"t"})" + "\n";
}

/// Lines with the ids `first` to `last`.
std::string lines(int first, int last) {
  std::string all;
  for (int id = first; id <= last; ++id) all += line(std::to_string(id));
  return all;
}

std::string ids(int first, int last) {
  std::string all;
  for (int id = first; id <= last; ++id) {
    all += (all.empty() ? "" : " ") + ("f:" + std::to_string(id));
  }
  return all;
}

struct FileTest {
  std::unique_ptr<Source> open(bool follow = false, std::size_t block = 64 * 1024) const {
    return make_file_source("f", path, follow, block);
  }

  /// What a source gives that goes on from a stored cursor.
  Recorder resumed(const std::string& cursor, std::size_t block = 64 * 1024) const {
    Recorder recorder;
    const auto source = open(false, block);
    source->resume(cursor);
    CHECK(pull_all(*source, recorder));
    CHECK(recorder.errors.empty());
    return recorder;
  }

  /// The cursor behind everything that stands in the file now.
  std::string cursor_at_end(std::size_t block = 64 * 1024) const {
    Recorder recorder;
    const auto source = open(false, block);
    pull_all(*source, recorder);
    return source->cursor(source->position());
  }

  tests::TempDir directory;
  std::filesystem::path path = directory / "posts.jsonl";
};

}  // namespace

TEST_CASE_METHOD(FileTest, "a file's posts come in order, then the source ends", "[file]") {
  tests::write_file(path, lines(1, 3));
  const auto source = open();
  CHECK(source->name() == "f");
  CHECK(source->identity() == Source::Identity::Ids);
  Recorder recorder;
  const Timestamp before = wall_clock();
  CHECK(pull_all(*source, recorder));
  CHECK(before <= recorder.posts[0].ingested_at);
  CHECK(recorder.posts[0].ingested_at <= wall_clock());
  CHECK(recorder.ids() == "f:1 f:2 f:3");
  CHECK(recorder.requests == 1);
  CHECK(recorder.skips.empty());
  CHECK_FALSE(source->pull(Time{1}, 1, recorder).has_value());
  CHECK(recorder.posts.size() == 3);
}

TEST_CASE_METHOD(FileTest, "an empty file gives nothing and makes no request", "[file]") {
  tests::write_file(path, "");
  Recorder recorder;
  CHECK(pull_all(*open(), recorder));
  CHECK(recorder.requests == 0);
  CHECK(recorder.posts.empty());
}

TEST_CASE_METHOD(FileTest, "one pull reads one block", "[file]") {
  std::string text;
  for (int id = 0; id < 20'000; ++id) text += line(std::to_string(id));
  tests::write_file(path, text);
  const auto source = open();
  Recorder recorder;
  CHECK(source->pull(Time{0}, 1, recorder) == Time{0});
  CHECK(recorder.requests == 1);
  CHECK(recorder.posts.size() * line("10000").size() <= 64 * 1024 + 10'000);
  CHECK(recorder.posts.size() > 2'000);
  CHECK(pull_all(*source, recorder));
  CHECK(recorder.requests == (text.size() + 65'535) / 65'536);
  CHECK(recorder.posts.size() == 20'000);
}

TEST_CASE_METHOD(FileTest, "what is no post is skipped with its line number", "[file]") {
  tests::write_file(path, "\xEF\xBB\xBF" + line("1") + "\n \t\r\nnonsense\r\n" +
                              R"({"id":"2","text":"t"})" + "\r\n{\"id\":\"3\"}\n" +
                              R"({"id":"4","text":"t"})");
  Recorder recorder;
  CHECK(pull_all(*open(), recorder));
  CHECK(recorder.ids() == "f:1 f:2 f:4");
  REQUIRE(recorder.skips.size() == 2);
  CHECK_THAT(recorder.skips[0], Catch::StartsWith(path.string() + ":4 "));
  CHECK(recorder.skips[1] == path.string() + ":6 text is missing");
}

TEST_CASE_METHOD(FileTest, "posts are the same whatever the block's size", "[file]") {
  tests::write_file(path, "\xEF\xBB\xBF" + line("1") + "x\r\n\n" + line("2") + line("\u00E9") +
                              line("3") + R"({"id":"4","text":"t"})");
  Recorder whole;
  pull_all(*open(), whole);
  CHECK(whole.ids() == "f:1 f:2 f:\u00E9 f:3 f:4");
  for (std::size_t block = 1; block < 200; ++block) {
    CAPTURE(block);
    Recorder recorder;
    CHECK(pull_all(*open(false, block), recorder));
    CHECK(recorder.ids() == whole.ids());
    CHECK(recorder.skips == whole.skips);
    for (std::size_t i = 0; i < whole.posts.size(); ++i) {
      CHECK(recorder.posts[i].position == whole.posts[i].position);
    }
  }
}

TEST_CASE_METHOD(FileTest, "a line of 100 MB is skipped and reading goes on behind it", "[file]") {
  tests::write_file(path, line("1"));
  std::filesystem::resize_file(path, 100'000'000);  // zeros, a sparse file
  tests::append_file(path, "\n" + line("2"));
  const auto source = open();
  Recorder recorder;
  CHECK(pull_all(*source, recorder));
  CHECK(recorder.ids() == "f:1 f:2");
  REQUIRE(recorder.skips.size() == 1);
  CHECK_THAT(recorder.skips[0], Catch::StartsWith(path.string() + ":2 the line is longer"));
  CHECK(recorder.posts[1].position == "100000001:3:0");
}

TEST_CASE_METHOD(FileTest, "reading goes on at every post's position", "[file]") {
  tests::write_file(path, line("1") + "\nbad\n" + lines(2, 6));
  const std::size_t block = GENERATE(as<std::size_t>{}, 7, 50, 65'536);
  const auto source = open(false, block);
  Recorder all;
  pull_all(*source, all);
  REQUIRE(all.posts.size() == 6);
  for (std::size_t i = 0; i < all.posts.size(); ++i) {
    CAPTURE(all.posts[i].position);
    const Recorder rest = resumed(source->cursor(all.posts[i].position), block);
    CHECK(rest.ids() == ids(static_cast<int>(i) + 1, 6));
    CHECK(rest.posts[0].position == all.posts[i].position);
  }
  CHECK(resumed(source->cursor(source->position())).posts.empty());
}

TEST_CASE_METHOD(FileTest, "a cursor taken between two blocks loses no post", "[file]") {
  tests::write_file(path, lines(1, 9));
  for (std::size_t pulls = 0; pulls < 30; ++pulls) {
    const auto source = open(false, 10);
    Recorder recorder;
    for (std::size_t i = 0; i < pulls; ++i) source->pull(Time{0}, 1, recorder);
    const Recorder rest = resumed(source->cursor(source->position()));
    CHECK(rest.ids() == ids(static_cast<int>(recorder.posts.size()) + 1, 9));
  }
}

TEST_CASE_METHOD(FileTest, "a resumed source counts lines from the file's beginning", "[file]") {
  tests::write_file(path, lines(1, 4));
  const std::string cursor = cursor_at_end();
  tests::append_file(path, "bad\n" + line("5"));
  const Recorder recorder = resumed(cursor);
  CHECK(recorder.ids() == "f:5");
  REQUIRE(recorder.skips.size() == 1);
  CHECK_THAT(recorder.skips[0], Catch::StartsWith(path.string() + ":5 "));
}

TEST_CASE_METHOD(FileTest, "a file that was moved or restored goes on", "[file]") {
  tests::write_file(path, lines(1, 2000));
  const std::string cursor = cursor_at_end();
  const auto copy = directory / "copy";
  std::filesystem::copy_file(path, copy);
  tests::append_file(copy, line("new"));
  std::filesystem::rename(copy, path);
  CHECK(resumed(cursor).ids() == "f:new");
}

TEST_CASE_METHOD(FileTest, "a file that is another is read from the beginning", "[file]") {
  tests::write_file(path, lines(1, 2000));
  const std::string cursor = cursor_at_end();
  std::string now = lines(1, 2000);
  SECTION("shorter") {
    now = lines(1, 1999);
  }
  SECTION("with another beginning") {
    now[7] = 'x';
  }
  SECTION("with a line more in the middle") {
    now.insert(line("1").size() * 9, line("x"));
  }
  SECTION("with a line less in the middle") {
    now = lines(1, 999) + lines(1001, 3000);
  }
  SECTION("empty") {
    now = "";
  }
  tests::write_file(path, now);
  const Recorder recorder = resumed(cursor);
  Recorder all;
  pull_all(*open(), all);
  CHECK(recorder.ids() == all.ids());
}

TEST_CASE_METHOD(FileTest, "a cursor that makes no sense starts from the beginning", "[file]") {
  tests::write_file(path, lines(1, 2));
  const std::string digest = cursor_at_end().substr(cursor_at_end().find("\"digest\""), 44);
  for (const std::string& cursor :
       {std::string{}, std::string{"{"}, std::string{"17"}, std::string{"{}"},
        std::string{R"({"offset":-1,"line":1,"size":2,"digest":"x"})"},
        std::string{R"({"offset":"1","line":1,"size":2,"digest":"x"})"},
        std::string{R"({"offset":1,"line":1,"size":18446744073709551615,"digest":"x"})"},
        "{" + digest + R"(,"offset":9999,"line":1,"size":48})"}) {
    CAPTURE(cursor);
    CHECK(resumed(cursor).ids() == "f:1 f:2");
  }
}

TEST_CASE_METHOD(FileTest, "a last line that was no post yet is read when it is whole", "[file]") {
  tests::write_file(path, line("1") + R"({"id":"2")");
  Recorder first;
  const auto source = open();
  CHECK(pull_all(*source, first));
  CHECK(first.ids() == "f:1");
  CHECK(first.skips.size() == 1);
  tests::append_file(path, ",\"text\":\"t\"}\n");
  CHECK(resumed(source->cursor(source->position())).ids() == "f:2");
}

TEST_CASE_METHOD(FileTest, "a last line without newline is a post once", "[file]") {
  tests::write_file(path, line("1") + R"({"id":"2","text":"t"})");
  const std::string cursor = cursor_at_end();
  tests::append_file(path, "\nbad\n" + line("3"));
  const Recorder recorder = resumed(cursor);
  CHECK(recorder.ids() == "f:3");
  REQUIRE(recorder.skips.size() == 1);
  CHECK_THAT(recorder.skips[0], Catch::StartsWith(path.string() + ":3 "));
}

TEST_CASE_METHOD(FileTest, "what cannot be opened is refused with its path", "[file]") {
  CHECK_THROWS_WITH(open(), path.string() + ": No such file or directory");
  std::filesystem::create_directory(path);
  CHECK_THROWS_WITH(open(), path.string() + ": not a regular file");
  path = directory / "pipe";
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  CHECK_THROWS_WITH(open(), path.string() + ": not a regular file");
}
