#include <array>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include <zlib.h>

#include "ingestor/sources/file.hpp"
#include "tests/catch.hpp"
#include "tests/temp_dir.hpp"
#include "tests/unit/ingestor/recorder.hpp"

using namespace pullwire;
using namespace pullwire::ingestor;

namespace {

std::string line(int id) {
  return R"({"id":)" + std::to_string(id) + R"(,"text":"t"})" + "\n";
}

std::string lines(int first, int last) {
  std::string all;
  for (int id = first; id <= last; ++id) all += line(id);
  return all;
}

/// One gzip member.
std::string gzip(const std::string& text) {
  z_stream stream{};
  if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error{"deflateInit2 failed"};
  }
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error{"deflate failed"};
  return out;
}

struct GzipTest {
  std::unique_ptr<Source> open(bool follow = false, std::size_t block = 64 * 1024) const {
    return make_file_source("f", path, follow, block);
  }

  tests::TempDir directory;
  std::filesystem::path path = directory / "posts.jsonl.gz";
};

}  // namespace

TEST_CASE_METHOD(GzipTest, "a compressed file of several members gives the posts of all",
                 "[file]") {
  const std::string second = lines(4, 5);
  tests::write_file(path, gzip(lines(1, 3) + second.substr(0, 9)) + gzip("") +
                              gzip(second.substr(9)) + std::string(7, '\0') + gzip(line(6)) +
                              std::string(512, '\0'));
  for (std::size_t block = 1; block < 120; ++block) {
    CAPTURE(block);
    Recorder recorder;
    CHECK(pull_all(*open(false, block), recorder));
    CHECK(recorder.ids() == "f:1 f:2 f:3 f:4 f:5 f:6");
    CHECK(recorder.errors.empty());
    CHECK(recorder.skips.empty());
    CHECK(recorder.requests == (std::filesystem::file_size(path) + block - 1) / block);
  }
}

TEST_CASE_METHOD(GzipTest, "one pull gives at most one block of decompressed text", "[file]") {
  tests::write_file(path, gzip(lines(1, 50'000)));
  const auto source = open();
  Recorder recorder;
  std::size_t before = 0;
  while (source->pull(Time{0}, 1, recorder)) {
    CHECK(recorder.posts.size() - before <= 64 * 1024 / line(1).size() + 1);
    before = recorder.posts.size();
  }
  CHECK(recorder.posts.size() == 50'000);
}

TEST_CASE_METHOD(GzipTest, "a long line of a compressed file is passed over", "[file]") {
  tests::write_file(path, gzip(line(1) + std::string(20'000'000, ' ') + "\n" + line(2)));
  Recorder recorder;
  CHECK(pull_all(*open(), recorder));
  CHECK(recorder.ids() == "f:1 f:2");
  CHECK(recorder.skips.size() == 1);
}

TEST_CASE_METHOD(GzipTest, "reading a compressed file goes on at every post's position", "[file]") {
  tests::write_file(path, gzip(lines(1, 2)) + gzip(lines(3, 5)));
  const std::size_t block = GENERATE(as<std::size_t>{}, 5, 65'536);
  const auto source = open(false, block);
  Recorder all;
  pull_all(*source, all);
  REQUIRE(all.posts.size() == 5);
  tests::write_file(path, gzip(line(6)), std::ios::app);
  for (std::size_t i = 0; i < 5; ++i) {
    const auto next = open(false, block);
    next->resume(source->cursor(all.posts[i].position));
    Recorder rest;
    CHECK(pull_all(*next, rest));
    CHECK(rest.posts.size() == 6 - i);
    CHECK(rest.posts[0].id == all.posts[i].id);
    CHECK(rest.posts[0].position == all.posts[i].position);
  }
}

TEST_CASE_METHOD(GzipTest, "another compressed file is read from the beginning", "[file]") {
  tests::write_file(path, gzip(lines(1, 500)));
  const auto source = open();
  Recorder all;
  pull_all(*source, all);
  tests::write_file(path, gzip(lines(501, 505)));
  const auto next = open();
  next->resume(source->cursor(source->position()));
  Recorder rest;
  CHECK(pull_all(*next, rest));
  CHECK(rest.ids() == "f:501 f:502 f:503 f:504 f:505");
}

TEST_CASE_METHOD(GzipTest, "what is not gzip is one error and ends a finite source", "[file]") {
  const std::string good = gzip(lines(1, 2));
  std::string bytes;
  std::size_t posts = 2;
  SECTION("plain text") {
    bytes = lines(1, 2), posts = 0;
  }
  SECTION("garbage behind a member") {
    bytes = good + "garbage";
  }
  SECTION("a wrong checksum") {
    bytes = good, bytes[bytes.size() - 6] ^= 1;
  }
  tests::write_file(path, bytes);
  Recorder recorder;
  CHECK(pull_all(*open(), recorder));
  CHECK(recorder.posts.size() == posts);
  REQUIRE(recorder.errors.size() == 1);
  CHECK_THAT(recorder.errors[0], Catch::StartsWith(path.string() + ": not gzip data"));
}

TEST_CASE_METHOD(GzipTest, "compressed data that ends too early is an error", "[file]") {
  const std::string whole = gzip(lines(1, 3));
  for (std::size_t size = 1; size < whole.size(); ++size) {
    CAPTURE(size);
    tests::write_file(path, whole.substr(0, size));
    Recorder recorder;
    CHECK(pull_all(*open(), recorder));
    CHECK(recorder.errors.size() == 1);
  }
}

TEST_CASE_METHOD(GzipTest, "a followed compressed file grows byte by byte", "[file]") {
  const std::string whole = gzip(line(1)) + gzip(line(2));
  tests::write_file(path, "");
  const auto source = open(true);
  Recorder recorder;
  for (const char byte : whole) {
    tests::append_file(path, {&byte, 1});
    CHECK_FALSE(pull_all(*source, recorder));
  }
  CHECK(recorder.ids() == "f:1 f:2");
  CHECK(recorder.errors.empty());
}

TEST_CASE_METHOD(GzipTest, "a followed file that is not gzip waits for a better one", "[file]") {
  tests::write_file(path, "no gzip");
  const auto source = open(true);
  Recorder recorder;
  CHECK_FALSE(pull_all(*source, recorder));
  tests::append_file(path, "either");
  CHECK_FALSE(pull_all(*source, recorder));
  CHECK(recorder.errors.size() == 1);
  SECTION("written over it") {
    tests::write_file(path, gzip(lines(1, 2)));
  }
  SECTION("in its place") {
    tests::write_file(directory / "new", gzip(lines(1, 2)));
    std::filesystem::rename(directory / "new", path);
  }
  CHECK_FALSE(pull_all(*source, recorder));
  CHECK(recorder.ids() == "f:1 f:2");
}
