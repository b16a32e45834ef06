#include "common/model/time.hpp"

#include "tests/catch.hpp"

using namespace pullwire;

TEST_CASE("a timestamp's text is UTC with six digits and reads back", "[time]") {
  const Timestamp time{1'795'455'775'123'456};
  CHECK(to_text(time) == "2026-11-23T17:42:55.123456Z");
  CHECK(parse_rfc3339(to_text(time)) == time);
  CHECK(to_text(Timestamp{-1}) == "1969-12-31T23:59:59.999999Z");
  CHECK(to_text(Timestamp{253'402'300'800'000'000}) == "10000-01-01T00:00:00.000000Z");
  CHECK(to_text(Timestamp{-62'198'755'200'000'000}) == "-1-01-01T00:00:00.000000Z");
}

TEST_CASE("an RFC 3339 offset is taken into account", "[time]") {
  CHECK(parse_rfc3339("2026-11-23T18:42:55.123456+01:00") == Timestamp{1'795'455'775'123'456});
  CHECK(parse_rfc3339("2026-11-23t12:12:55.1234567-05:30") == Timestamp{1'795'455'775'123'456});
  CHECK(parse_rfc3339("2026-11-23 17:42:55Z") == Timestamp{1'795'455'775'000'000});
  CHECK(parse_rfc3339("2016-12-31T23:59:60Z") == parse_rfc3339("2017-01-01T00:00:00Z"));
}

TEST_CASE("what is no RFC 3339 date-time is refused", "[time]") {
  for (const char* text :
       {"", "2026-11-23", "2026-11-23T17:42:55", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z",
        "2026-11-23T24:00:00Z", "2026-11-23T17:60:00Z", "2026-11-23T17:42:55.Z",
        "2026-11-23T17:42:55Zx", "2026-11-23T17:42:55+1:00", "26-11-23T17:42:55Z",
        "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_rfc3339(text).has_value());
  }
}
