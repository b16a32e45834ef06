#include "ingestor/sources/standard_input.hpp"

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

#include <unistd.h>

#include "tests/catch.hpp"
#include "tests/unit/ingestor/recorder.hpp"

using namespace pullwire::ingestor;

namespace {

struct PipeTest {
  PipeTest() {
    if (pipe(ends.data()) != 0) throw std::runtime_error{"pipe failed"};
  }
  ~PipeTest() {
    close(ends[0]);
    hang_up();
  }
  void write(std::string_view bytes) {
    REQUIRE(::write(ends[1], bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  }
  void hang_up() {
    if (ends[1] >= 0) close(ends[1]);
    ends[1] = -1;
  }

  std::array<int, 2> ends{};
  Recorder recorder;
};

}  // namespace

TEST_CASE_METHOD(PipeTest, "standard input gives what has come and waits for nothing",
                 "[standard_input]") {
  const auto source = make_standard_input("in", ends[0]);
  CHECK_FALSE(pull_all(*source, recorder));
  CHECK(recorder.requests == 0);
  write("{\"id\":1,\"text\":\"a\"}\n{\"id\":2,");
  CHECK_FALSE(pull_all(*source, recorder));
  CHECK(recorder.ids() == "in:1");
  write("\"text\":\"b\"}\nbad\n{\"id\":3,\"text\":\"c\"}");
  hang_up();
  CHECK(pull_all(*source, recorder));
  CHECK(recorder.ids() == "in:1 in:2 in:3");
  CHECK(recorder.requests == 2);
  REQUIRE(recorder.skips.size() == 1);
  CHECK_THAT(recorder.skips[0], Catch::StartsWith("standard input:3 "));
  CHECK(pull_all(*source, recorder));
  CHECK(recorder.posts.size() == 3);
}

TEST_CASE_METHOD(PipeTest, "standard input keeps no cursor", "[standard_input]") {
  const auto source = make_standard_input("in", ends[0]);
  CHECK(source->identity() == Source::Identity::Nothing);
  write("{\"id\":1,\"text\":\"a\"}\n");
  pull_all(*source, recorder);
  CHECK(source->position().empty());
  CHECK(source->cursor(recorder.posts[0].position).empty());
}

TEST_CASE_METHOD(PipeTest, "standard input that cannot be read is an error and its end",
                 "[standard_input]") {
  const auto source = make_standard_input("in", ends[1]);  // the end that only writes
  close(ends[0]);
  ends[0] = -1;
  CHECK(pull_all(*source, recorder));
  CHECK(recorder.errors.size() == 1);
}

TEST_CASE("standard input that is closed is refused", "[standard_input]") {
  CHECK_THROWS_WITH(make_standard_input("in", 1'000'000), "standard input: Bad file descriptor");
}
