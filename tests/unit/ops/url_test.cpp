#include "common/ops/url.hpp"

#include <stdexcept>
#include <string>

#include "tests/catch.hpp"

using namespace pullwire;

TEST_CASE("a URL is taken apart, and shown without its query", "[url]") {
  const Url url = parse_url("https://Example.org:8443/a%20b/feed?key=secret");
  CHECK(url.scheme == "https");
  CHECK(url.authority() == "example.org:8443");
  CHECK(url.path == "/a%20b/feed");
  CHECK(url.query == "key=secret");
  CHECK(url.shown() == "https://example.org:8443/a%20b/feed");
  CHECK(parse_url("http://[::1]").shown() == "http://[::1]/");
}

TEST_CASE("what is no web address is refused, and a password in one not repeated", "[url]") {
  for (const char* text : {"", "example.org", "https://", "ftp://example.org/",
                           "file:///etc/passwd", "https://exa mple.org/", "javascript:alert(1)"}) {
    INFO(text);
    CHECK_THROWS_AS(parse_url(text), std::invalid_argument);
  }
  CHECK_THROWS_AS(parse_url("https://h/" + std::string(5000, 'x')), std::invalid_argument);
  try {
    parse_url("https://me:geheim@example.org/");
    FAIL("it was accepted");
  } catch (const std::invalid_argument& error) {
    CHECK(std::string{error.what()}.find("geheim") == std::string::npos);
  }
}

TEST_CASE("parameters are encoded and decoded", "[url]") {
  CHECK(percent_encoded("#a b/ü") == "%23a%20b%2F%C3%BC");
  CHECK(percent_encoded("") == "");
  CHECK(query_parameter("a=1&min_id=%23x+y&b", "min_id") == "#x y");
  CHECK(query_parameter("a=1", "b") == "");
  CHECK(query_parameter("", "b") == "");
}
