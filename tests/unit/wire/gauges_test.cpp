#include "common/wire/gauges.hpp"

#include "common/wire/codec.hpp"
#include "tests/catch.hpp"

using namespace pullwire::wire;

namespace {

StageReport report() {
  StageReport r;
  r.stage = "ingestor";
  r.name = "host:17";
  r.instance = {1, 2, 3};
  r.uptime_us = 1;
  r.sessions = 2;
  r.credit = 3;
  r.in_flight = 4;
  r.held = 5;
  r.events = 6;
  r.busy_us = 7;
  r.blocked_us = 8;
  r.redelivered = 9;
  r.read = 10;
  r.filtered = 11;
  r.skipped = UINT64_MAX;
  r.trouble = "target hook does not take what comes";
  r.closed = {{"hook", 5'000'000}, {"site", UINT64_MAX}};
  return r;
}

}  // namespace

TEST_CASE("reports of stages read back as they were written", "[gauges]") {
  std::vector<StageReport> read{report()};
  REQUIRE(decode_reports(encode_reports({}), read));
  CHECK(read.empty());
  const std::vector<StageReport> two{report(), StageReport{}};
  REQUIRE(decode_reports(encode_reports(two), read));
  const bool same = read == two;
  CHECK(same);
}

TEST_CASE("reports always fit into a heartbeat", "[gauges]") {
  StageReport large = report();
  large.name.assign(10'000, 'x');
  large.stage.assign(10'000, 'x');
  large.trouble.assign(10'000, 'x');
  large.closed.assign(100, {std::string(200, 'x'), UINT64_MAX});
  for (std::uint64_t* number : {&large.uptime_us, &large.sessions, &large.credit, &large.held}) {
    *number = UINT64_MAX;
  }
  const std::string bytes = encode_reports(std::vector<StageReport>(1000, large));
  CHECK(bytes.size() <= kMaxGaugesBytes);
  std::vector<StageReport> read;
  REQUIRE(decode_reports(bytes, read));
  CHECK(read.size() == kMaxReports);
}

TEST_CASE("what is no list of reports is refused", "[gauges]") {
  std::vector<StageReport> read;
  const std::string valid = encode_reports({report()});
  for (std::size_t size = 0; size < valid.size(); ++size) {
    CHECK_FALSE(decode_reports(std::string_view{valid}.substr(0, size), read));
  }
  CHECK_FALSE(decode_reports(valid + "\xc0", read));
  CHECK_FALSE(decode_reports("\xdd\xff\xff\xff\xff", read));
  std::string many{"\xdc\x01\x01"};  // 257 reports
  for (int i = 0; i < 257; ++i) many += valid.substr(1);
  CHECK_FALSE(decode_reports(many, read));
}
