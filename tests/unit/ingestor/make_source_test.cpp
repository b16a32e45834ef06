#include "ingestor/sources/make_source.hpp"

#include <stdexcept>
#include <string>

#include "tests/catch.hpp"
#include "tests/temp_dir.hpp"
#include "tests/unit/ingestor/recorder.hpp"

using namespace pullwire::ingestor;

namespace {

struct MakeSourceTest {
  MakeSourceTest() {
    pullwire::tests::write_file(directory / "a=b:c.jsonl", "{\"id\":1,\"text\":\"t\"}\n");
  }

  std::unique_ptr<Source> make(std::string_view uri) const {
    return make_source(uri, {directory / "", {"one"}, false});
  }

  pullwire::tests::TempDir directory;
  Recorder recorder;
};

}  // namespace

TEST_CASE_METHOD(MakeSourceTest, "a file's path is relative to the base or absolute",
                 "[make_source]") {
  CHECK(pull_all(*make("file:a=b:c.jsonl"), recorder));
  CHECK(pull_all(*make("file:" + (directory / "a=b:c.jsonl").string()), recorder));
  CHECK(recorder.ids() == "file:1 file:1");
}

TEST_CASE_METHOD(MakeSourceTest, "a source has its kind's name or the one given", "[make_source]") {
  CHECK(make("file:a=b:c.jsonl")->name() == "file");
  CHECK(make("news/A.b_c-1=file:a=b:c.jsonl")->name() == "news/A.b_c-1");
  CHECK(make("simulated:")->name() == "simulated");
  const auto named = make("s=simulated:?count=1");
  CHECK(pull_all(*named, recorder));
  CHECK(recorder.ids() == "s:1");
  CHECK(recorder.posts[0].text.starts_with("#one 1 "));
}

TEST_CASE_METHOD(MakeSourceTest, "a dash is standard input", "[make_source]") {
  CHECK(make("in=file:-")->identity() == Source::Identity::Nothing);
}

TEST_CASE_METHOD(MakeSourceTest, "a URI that is wrong is refused with what there is",
                 "[make_source]") {
  for (const std::string& uri :
       {std::string{}, std::string{"posts.jsonl"}, std::string{":"}, std::string{"File:x"},
        std::string{"y+https://api.example.org"}, std::string{"again:reports.db"},
        std::string{"a=b=file:x"}, std::string{"=file:x"}, std::string{"a b=file:x"},
        std::string(65, 'a') + "=file:x", std::string{"file:"}}) {
    CAPTURE(uri);
    CHECK_THROWS_AS(make(uri), std::invalid_argument);
    CHECK_THROWS_WITH(make(uri), Catch::Contains("source '" + uri + "'"));
  }
  CHECK_THROWS_WITH(make("again:x"), Catch::Contains("file:PATH") && Catch::Contains("simulated:"));
  CHECK_THROWS_AS(make("simulated:?speed=1"), std::invalid_argument);
}

TEST_CASE_METHOD(MakeSourceTest, "a file that is missing is named", "[make_source]") {
  CHECK_THROWS_AS(make("file:none"), std::runtime_error);
  CHECK_THROWS_WITH(make("file:none"),
                    (directory / "none").string() + ": No such file or directory");
}
