#include "common/ops/query.hpp"

#include <stdexcept>

#include "tests/catch.hpp"

using namespace pullwire;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

using Options = std::vector<std::pair<std::string, std::string>>;

TEST_CASE("options are split, their escapes undone", "[query]") {
  CHECK(parse_query("").empty());
  CHECK(parse_query("?").empty());
  CHECK(parse_query("?a=1") == Options{{"a", "1"}});
  CHECK(parse_query("?a=&b=x=y&c=%41%20%26") == Options{{"a", ""}, {"b", "x=y"}, {"c", "A &"}});
}

TEST_CASE("what are no options is refused, naming it", "[query]") {
  for (const auto& [text, named] : Options{{"a=1", "'a=1'"},
                                           {"?a", "'a'"},
                                           {"?a=1&", "''"},
                                           {"?&a=1", "''"},
                                           {"?a=1&a=2", "option a stands there twice"},
                                           {"?a=1&%61=2", "option a stands there twice"},
                                           {"?a=%4", "%4"},
                                           {"?a=%4g", "%4g"},
                                           {"?a=%", "%"}}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_query(text), std::invalid_argument);
    CHECK_THROWS_WITH(parse_query(text), Contains(named));
  }
  CHECK_THROWS_WITH(unknown_option("b", "a"), "unknown option 'b': there is a");
}

TEST_CASE("an option's number is within its limits, and a number", "[query]") {
  CHECK(query_decimal("a", "0.5", 1) == 0.5);
  CHECK(query_number("a", "18446744073709551615", ~std::uint64_t{0}) == ~std::uint64_t{0});
  CHECK(query_milliseconds("a", "0.29", 1ms) == 290us);
  for (const char* value : {"", "x", "1x", " 1", "-1", "nan", "inf", "11", "0x1"}) {
    CAPTURE(value);
    CHECK_THROWS_WITH(query_decimal("a", value, 10),
                      "a must be a number from 0 to 10, not '" + std::string{value} + "'");
    CHECK_THROWS_WITH(query_number("a", value, 10), Contains("a must be a whole number"));
    CHECK_THROWS_WITH(query_milliseconds("a", value, 10ms), Contains("a must be a number"));
  }
  CHECK_THROWS_WITH(query_number("a", "1.5", 10), Contains("'1.5'"));
}
