#include "republisher/publish/directory_names.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <random>

#include "tests/catch.hpp"
#include "tests/unit/republisher/sample_posts.hpp"

using namespace pullwire::republisher;
using namespace std::string_literals;

TEST_CASE("a key keeps what is safe and encodes the rest", "[names]") {
  CHECK(post_key("file:abc-09") == "file_3aabc-09");
  CHECK(post_key("A_b.~/\0"s) == "_41_5fb_2e_7e_2f_00");
  CHECK(post_key("") == "_");
}

TEST_CASE("a long key is cut and ends with a digest", "[names]") {
  const std::string longest = post_key(std::string(112, 'a'));
  CHECK(longest == std::string(112, 'a'));
  const std::string cut = post_key(std::string(113, 'a'));
  CHECK(cut.size() == 112);
  CHECK(cut.substr(0, 80) == std::string(79, 'a') + "~");
  CHECK(cut != post_key(std::string(114, 'a')));
}

TEST_CASE("no document leaves the site", "[names]") {
  std::vector<std::string> ids{"",
                               ".",
                               "..",
                               "../../x",
                               "/etc/passwd",
                               "a/../../b",
                               "..\\..\\x",
                               "\0"s,
                               "a\0b"s,
                               "CON",
                               "~",
                               "%2e%2e%2f",
                               "\n",
                               " ",
                               "-rf",
                               "a.html",
                               std::string(1024, '/')};
  ids.insert(ids.end(), hostile_texts().begin(), hostile_texts().end());
  for (const std::string& id : ids) {
    const std::filesystem::path path = document_path(post_key(id), "html");
    CAPTURE(id, path);
    CHECK(path.lexically_normal() == path);
    CHECK(std::distance(path.begin(), path.end()) == 3);
    CHECK(path.begin()->string() == "posts");
    CHECK(path.filename().string().size() <= kMaxNameBytes);
    CHECK(path.filename().string().size() > std::string(".html").size());
    CHECK(path.string().find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_~./") ==
          std::string::npos);
  }
}

TEST_CASE("different posts never share a name", "[names]") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  // Few letters and many of the encoding's own, so that near misses are frequent.
  constexpr std::string_view kLetters =
      "aA0_-~./:\x5f\x00\xff"
      "3f";
  std::map<std::string, std::string> ids;
  for (int round = 0; round < 30'000; ++round) {
    std::string id;
    const auto size = round % 3 == 0 ? 30 + random() % 120 : random() % 6;
    for (std::size_t i = 0; i < size; ++i) id += kLetters[random() % kLetters.size()];
    const auto [place, is_new] = ids.emplace(post_key(id), id);
    if (!is_new) REQUIRE(place->second == id);
  }
}

TEST_CASE("a post's feed id is a UUID of its own", "[names]") {
  const std::string urn = uuid_urn(key_digest("a"));
  CHECK(urn.size() == std::string("urn:uuid:00000000-0000-8000-8000-000000000000").size());
  CHECK(urn.substr(9 + 14, 1) == "8");
  CHECK(std::string("89ab").find(urn[9 + 19]) != std::string::npos);
  CHECK(urn != uuid_urn(key_digest("b")));
}
