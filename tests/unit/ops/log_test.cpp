#include "common/ops/log.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "common/ops/log_format.hpp"
#include "tests/catch.hpp"
#include "tests/logged.hpp"

using namespace pullwire;
using pullwire::tests::logged;
using pullwire::tests::StandardError;

namespace {

constexpr Timestamp kTime{1'795'455'775'123'456};

std::string text(std::string_view message, LogFields fields) {
  return format_log_line(LogFormat::Text, kTime, LogLevel::Info, "ingestor", message, fields);
}

std::string json(std::string_view message, LogFields fields) {
  return format_log_line(LogFormat::Json, kTime, LogLevel::Warn, "ingestor", message, fields);
}

}  // namespace

TEST_CASE("a text line has time, level, stage, message and fields", "[log]") {
  const std::string name = "a b";
  CHECK(text("session opened", {{"link", "posts"}, {"peer", name}}) ==
        "2026-11-23T17:42:55.123456Z info ingestor session opened link=posts peer=\"a b\"");
  CHECK(text("done", {{"n", 5}, {"big", ~std::uint64_t{0}}, {"s", 0.25}, {"ok", true}}) ==
        "2026-11-23T17:42:55.123456Z info ingestor done n=5 big=18446744073709551615 s=0.25 "
        "ok=true");
  CHECK(format_log_line(LogFormat::Text, kTime, LogLevel::Error, "", "no stage", {}) ==
        "2026-11-23T17:42:55.123456Z error no stage");
}

TEST_CASE("a stranger's value stays one value on one line", "[log]") {
  const std::string prefix = "2026-11-23T17:42:55.123456Z info ingestor m ";
  CHECK(text("m", {{"k", ""}}) == prefix + "k=\"\"");
  CHECK(text("m", {{"k", "a=b"}}) == prefix + "k=\"a=b\"");
  CHECK(text("m", {{"k", "x\" admin=\"y"}}) == prefix + "k=\"x\\\" admin=\\\"y\"");
  CHECK(text("m", {{"k", "\\"}}) == prefix + "k=\"\\\\\"");
  CHECK(text("m", {{"k", "a\n2026 error"}}) == prefix + "k=\"a\\n2026 error\"");
  CHECK(text("m", {{"k", "\xff"}}) == prefix + "k=\"\\xff\"");
  CHECK(text("m\nn", {}) == "2026-11-23T17:42:55.123456Z info ingestor m\\nn");
}

TEST_CASE("a value is cut after 1 KiB", "[log]") {
  const std::string value(2000, 'x');
  const std::string kept(1024, 'x');
  CHECK(text("m", {{"k", value}}).ends_with(" k=" + kept + "…"));
  CHECK(json("m", {{"k", value}}).ends_with("\"k\":\"" + kept + "…\"}"));
  CHECK(text(value, {}).ends_with(" " + kept + "…"));
}

TEST_CASE("a JSON line is one object whose values keep their types", "[log]") {
  CHECK(json("session \"opened\"\n",
             {{"link", "posts"}, {"n", -5}, {"s", 0.5}, {"ok", false}, {"bad", "\xff"}}) ==
        "{\"time\":\"2026-11-23T17:42:55.123456Z\",\"level\":\"warn\",\"stage\":\"ingestor\","
        "\"message\":\"session \\\"opened\\\"\\n\",\"link\":\"posts\",\"n\":-5,\"s\":0.5,"
        "\"ok\":false,\"bad\":\"\xef\xbf\xbd\"}");
  CHECK(json("m", {{"s", std::numeric_limits<double>::quiet_NaN()}}).ends_with("\"s\":null}"));
}

TEST_CASE("lines from the level on are written, with the stage", "[log]") {
  const std::string lines = logged([] {
    start_log(LogFormat::Text, LogLevel::Warn, "reporter");
    log_info("not written");
    log_warn("first", {{"n", 1}});
    log_error("second");
  });
  CHECK_THAT(lines, Catch::Matches("[0-9T:.-]+Z warn reporter first n=1\n"
                                   "[0-9T:.-]+Z error reporter second\n"));
  CHECK(log_enabled(LogLevel::Info));
  CHECK_FALSE(log_enabled(LogLevel::Debug));
}

TEST_CASE("a log that cannot be written doesn't end the process", "[log]") {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  REQUIRE(full >= 0);
  {
    const StandardError to_full{full};
    log_error("lost");
  }
  ::close(full);
  const std::string lines = logged([] { log_error("kept"); });
  CHECK(lines.ends_with("error kept\n"));
}
