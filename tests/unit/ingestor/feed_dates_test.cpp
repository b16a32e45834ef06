#include "ingestor/live/feed_dates.hpp"

#include <string>
#include <string_view>

#include "tests/catch.hpp"

using namespace pullwire;
using pullwire::ingestor::parse_feed_date;

namespace {

/// To the second, or to the microsecond where there are any; "" for no time.
std::string utc(std::string_view written) {
  const auto time = parse_feed_date(written);
  if (!time) return "";
  const std::string text = to_text(*time);
  return time->micros % 1'000'000 == 0 ? text.substr(0, 19) : text;
}

}  // namespace

TEST_CASE("dates of RFC 822 as they are in the wild", "[feed]") {
  const std::string when = "2026-11-03T17:42:55";
  for (const std::string_view written : {"Tue, 03 Nov 2026 17:42:55 +0000",
                                         "Tue, 03 Nov 2026 17:42:55 GMT",
                                         "03 Nov 2026 17:42:55 UT",
                                         "3 Nov 26 17:42:55 Z",
                                         "Tuesday, 3 November 2026 17:42:55",
                                         "Tue,03 Nov 2026 17:42:55 UTC",
                                         " Tue, 3 Nov 2026 12:42:55 EST\n",
                                         "Tue, 3 Nov 2026 13:42:55 EDT",
                                         "Tue 3 nov 2026 9:42:55 PST",
                                         "Tue, 03 Nov 2026 18:42:55 CET",
                                         "Tue, 03 Nov 2026 18:42:55 +01:00",
                                         "Tue, 03 Nov 2026 18:42:55 GMT+0100",
                                         "Tue, 03 Nov 2026 18:42:55 +0100 (CET)",
                                         "Tue, 03 Nov 2026 23:12:55 IST",
                                         "03-Nov-2026 17:42:55 GMT",
                                         "Tuesday, 03-Nov-26 17:42:55 GMT",
                                         "Tue Nov  3 17:42:55 2026",
                                         "Tue Nov 03 12:42:55 EST 2026",
                                         "Nov 3, 2026 5:42:55 PM",
                                         "Nov. 3, 2026 17:42:55 XYZ",
                                         "Wed, 03 Nov 2026 17:42:55 +0000",
                                         "Tue, 03 Nov 2026 17:42:55 -0000",
                                         "2026-11-03T17:42:55Z",
                                         "2026-11-03T18:42:55+01:00",
                                         "2026-11-03T18:42:55+0100",
                                         "2026-11-03 17:42:55",
                                         "2026-11-03T17:42:55",
                                         "2026-11-03 17:42:55 UTC",
                                         "2026-11-03 18:42:55 +0100"}) {
    CAPTURE(written);
    CHECK(utc(written) == when);
  }
  CHECK(utc("Tue, 03 Nov 2026 17:42 GMT") == "2026-11-03T17:42:00");
  CHECK(utc("Tue, 03 Nov 2026") == "2026-11-03T00:00:00");
  CHECK(utc("2026-11-03") == "2026-11-03T00:00:00");
  CHECK(utc("2026-11-03T17:42Z") == "2026-11-03T17:42:00");
  CHECK(utc("2026-11-03T17:42:55.5Z") == "2026-11-03T17:42:55.500000Z");
  CHECK(utc("1 Jan 70 00:00:00 GMT") == "1970-01-01T00:00:00");
  CHECK(utc("1 Jan 49 00:00:00 GMT") == "2049-01-01T00:00:00");
  CHECK(utc("31 Dec 2016 23:59:60 GMT") == "2017-01-01T00:00:00");
  CHECK(utc("Nov 3, 2026 12:05 AM") == "2026-11-03T00:05:00");
}

TEST_CASE("what is no date is none", "[feed]") {
  for (const std::string_view written : {"",
                                         " ",
                                         "now",
                                         "yesterday",
                                         "Di, 03 Dez 2026 17:42:55 +0100",
                                         "\u0432\u0442, 03 \u043D\u043E\u044F 2026 17:42:55",
                                         "32 Nov 2026 17:42:55 GMT",
                                         "30 Feb 2026 17:42:55 GMT",
                                         "03 Nov 2026 25:42:55 GMT",
                                         "03 Nov 2026 17:62:55 GMT",
                                         "17:42:55",
                                         "Nov 2026",
                                         "2026-13-01",
                                         "2026-11-03T",
                                         "2026-11-03T17:42:55+99:00",
                                         "03 Nov 2026 17:42:55 GMT 5 6 7",
                                         "03/11/2026 17:42:55",
                                         "1764000000",
                                         "03 Nov 2026 17:42:55 +01000",
                                         "0000-01-01T00:00:00Z",
                                         "-",
                                         "+",
                                         "Tue, ",
                                         "(",
                                         "9999-12-31T23:59:59-23:00",
                                         "123456789012345678901234567890 Nov 2026"}) {
    CAPTURE(written);
    CHECK(utc(written) == "");
  }
  CHECK(utc(std::string(10'000'000, 'x')) == "");
}
