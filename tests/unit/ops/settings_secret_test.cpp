#include <filesystem>
#include <string>

#include "tests/catch.hpp"
#include "tests/unit/ops/settings_fixture.hpp"

using namespace pullwire;

namespace {

struct SecretTest : SettingsFixture {
  /// Reads `token` of a [[ingestor.target]] with these keys.
  std::string secret(const std::string& keys) {
    read_file("[[ingestor.target]]\n" + keys);
    return targets.at(0).secret("token");
  }
  void mode(const std::filesystem::path& path, unsigned bits) const {
    std::filesystem::permissions(path, static_cast<std::filesystem::perms>(bits));
  }
};

}  // namespace

TEST_CASE_METHOD(SecretTest, "a secret comes from the environment", "[settings]") {
  const Variable variable{"PULLWIRE_TEST_TOKEN", "s3cret"};
  CHECK(secret("token = \"${PULLWIRE_TEST_TOKEN}\"") == "s3cret");
  CHECK_NOTHROW(targets.at(0).refuse_others());
}

TEST_CASE_METHOD(SecretTest, "a secret comes from a file that nobody else can read", "[settings]") {
  const std::filesystem::path path = folder() / "token";
  tests::write_file(path, "s3cret\n");
  mode(path, 0600);
  CHECK(secret("token_file = \"token\"") == "s3cret");
}

TEST_CASE_METHOD(SecretTest, "a secret's file that others can read is refused", "[settings]") {
  const std::filesystem::path path = folder() / "token";
  tests::write_file(path, "s3cret\n");
  mode(path, 0644);
  CHECK(refusal([&] { secret("token_file = \"token\""); }) ==
        "FOLDER/pipeline.toml:2: [[ingestor.target]] token_file: FOLDER/token can be read by "
        "others: chmod 600 FOLDER/token");
}

TEST_CASE_METHOD(SecretTest, "a secret that is written out wants a file that is private",
                 "[settings]") {
  CHECK(refusal([&] { secret("token = \"s3cret\""); })
            .starts_with("FOLDER/pipeline.toml:2: [[ingestor.target]] token: others can read it "
                         "here: write ${NAME}"));
}

TEST_CASE_METHOD(SecretTest, "a secret may be written out in a private file", "[settings]") {
  const std::string path = file("[[ingestor.target]]\ntoken = \"s3cret\"\n");
  mode(path, 0600);
  read({"--config", path});
  CHECK(targets.at(0).secret("token") == "s3cret");
}

TEST_CASE_METHOD(SecretTest, "no message repeats a secret", "[settings]") {
  const Variable variable{"PULLWIRE_TEST_TOKEN", "s3cret\x01"};
  const std::string line = refusal([&] { secret("token = \"${PULLWIRE_TEST_TOKEN}\""); });
  CHECK(line.find("s3cret") == std::string::npos);
  CHECK(line.find("control character") != std::string::npos);
}

TEST_CASE_METHOD(SecretTest, "no secret is an empty text, an empty secret an error", "[settings]") {
  const Variable variable{"PULLWIRE_TEST_TOKEN", ""};
  CHECK(refusal([&] { secret("token = \"${PULLWIRE_TEST_TOKEN}\""); }).ends_with("it is empty"));
}

TEST_CASE_METHOD(SecretTest, "a secret is there once or not at all", "[settings]") {
  CHECK(secret("name = \"x\"").empty());
}

TEST_CASE_METHOD(SecretTest, "two places for one secret are refused", "[settings]") {
  CHECK(refusal([&] { secret("token = \"a\"\ntoken_file = \"b\""); }) ==
        "FOLDER/pipeline.toml:3: [[ingestor.target]] token_file: token is there, too");
}

TEST_CASE_METHOD(SecretTest, "a secret's file that is too long is refused", "[settings]") {
  tests::write_file(folder() / "huge", std::string(5000, 'x'));
  mode(folder() / "huge", 0600);
  CHECK(refusal([&] { secret("token_file = \"huge\""); }).ends_with("longer than 4096 bytes"));
}
