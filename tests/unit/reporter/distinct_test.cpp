#include "reporter/store/distinct.hpp"

#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "tests/catch.hpp"

using namespace pullwire;
using namespace pullwire::reporter;

namespace {

Publication publication(std::string_view post_id, std::string_view target = "site",
                        std::string_view format = "html", bool redelivered = false) {
  Publication made;
  made.post_id = post_id;
  made.target = target;
  made.format = format;
  made.redelivered = redelivered;
  return made;
}

}  // namespace

TEST_CASE("new and known publications are told apart in any order", "[distinct]") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  const std::vector<std::string> fronts{"simulated:", "a:b:", "", "file:x", "file:0"};
  const std::vector<std::string> formats{"html", "text"};
  DistinctPublications distinct;
  std::set<std::tuple<std::string, std::string>> expected;
  for (int i = 0; i < 20'000; ++i) {
    const std::string id = fronts[random() % fronts.size()] + std::to_string(random() % 1000);
    const std::string& format = formats[random() % formats.size()];
    CAPTURE(id, format);
    REQUIRE(distinct.insert(publication(id, "site", format)) ==
            expected.emplace(id, format).second);
  }
  CHECK(distinct.exact());
}

TEST_CASE("numbers in almost any order need no memory to speak of", "[distinct]") {
  DistinctPublications distinct;
  constexpr std::uint64_t kWindow = 1000;  // arrives backwards within each window
  for (std::uint64_t window = 0; window < 300; ++window) {
    for (std::uint64_t i = kWindow; i-- > 0;) {
      const std::string id = "simulated:" + std::to_string(window * kWindow + i);
      if (!distinct.insert(publication(id))) FAIL(id);
    }
  }
  CHECK(distinct.exact());
  CHECK_FALSE(distinct.insert(publication("simulated:0")));
  CHECK_FALSE(distinct.insert(publication("simulated:299999")));
  CHECK(distinct.insert(publication("simulated:300000")));
}

TEST_CASE("ids that only look like the same number are different", "[distinct]") {
  DistinctPublications distinct;
  for (const char* id : {"a:7", "a:07", "a:+7", "a:7 ", "a:-7", "a:7x", "7", "a:", "", "a7",
                         "a:18446744073709551623", "a:123456789012345678901234567890"}) {
    CAPTURE(id);
    CHECK(distinct.insert(publication(id)));
    CHECK_FALSE(distinct.insert(publication(id)));
  }
}

TEST_CASE("the parts of a publication do not run into each other", "[distinct]") {
  DistinctPublications distinct;
  CHECK(distinct.insert(publication("a:1", "site", "html")));
  CHECK(distinct.insert(publication("a:1", "siteh", "tml")));
  CHECK(distinct.insert(publication("a:1", "sit", "ehtml")));
  CHECK(distinct.insert(publication("la:1", "site", "htm")));
}

TEST_CASE("beyond its memory a publication is known by its flag", "[distinct]") {
  DistinctPublications distinct;
  const auto id = [](std::size_t i) { return "sparse:" + std::to_string(i * 2); };
  for (std::size_t i = 0; i < DistinctPublications::kRemembered; ++i) {
    if (!distinct.insert(publication(id(i)))) FAIL(i);
  }
  CHECK(distinct.exact());
  const std::string beyond = id(DistinctPublications::kRemembered);
  CHECK(distinct.insert(publication(beyond)));
  CHECK_FALSE(distinct.exact());
  CHECK_FALSE(distinct.insert(publication(beyond, "site", "html", true)));
  CHECK_FALSE(distinct.insert(publication(id(5))));  // remembered
  CHECK_FALSE(distinct.insert(publication("new:1", "site", "html", true)));
  CHECK(distinct.insert(publication("name:x")));
}
