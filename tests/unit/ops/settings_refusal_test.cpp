// Every mistake an operator can make in the configuration, with its whole line.
#include "common/ops/config_file.hpp"
#include "common/ops/settings.hpp"
#include "tests/catch.hpp"
#include "tests/unit/ops/settings_fixture.hpp"

using namespace pullwire;

TEST_CASE("a mistake in the file is refused with one line that names its place", "[settings]") {
  struct Case {
    const char* content;
    const char* line;  // after "FOLDER/pipeline.toml:"
  };
  const auto [content, line] = GENERATE(values<Case>({
      {"[ingestor]\nmax_demandd = 1\n",
       "2: [ingestor] max_demandd: unknown key, did you mean max_demand?"},
      {"[ingestor]\nzzz = 1\nyyy = 1\n", "2: [ingestor] zzz: unknown key"},
      {"[ingestor]\n\"a\\nb\" = 1\n", "2: [ingestor] a\\nb: unknown key"},
      {"[ingestor.bind]\nx = 1\n", "1: [ingestor] bind: must be a string, not a table"},
      {"[ingestor.other]\nx = 1\n", "1: [ingestor] other: unknown key"},
      {"[ingestor]\nlog_level = \"info\"\n", "2: [ingestor] log_level: unknown key"},
      {"bind = \"x\"\n",
       "1: bind: unknown key: keys stand in [ingestor], [republisher] or [reporter]"},
      {"\n[ingester]\n", "2: [ingester]: unknown section, did you mean ingestor?"},
      {"[[republishers.target]]\n",
       "1: [republishers]: unknown section, did you mean republisher?"},
      {"[logging]\n", "1: [logging]: unknown section"},
      {"[[more]]\n", "1: [more]: unknown section"},
      {"ingestor = 3\n", "1: ingestor: must be the section [ingestor]"},
      {"[[reporter]]\n", "1: reporter: must be the section [reporter]"},
      {"[ingestor]\nbind = 5\n", "2: [ingestor] bind: must be a string, not 5"},
      {"[ingestor]\nbind = 2026-11-23\n",
       "2: [ingestor] bind: must be a string, not a date or time"},
      {"[ingestor]\nbind = [\"a\"]\n", "2: [ingestor] bind: must be a string, not a list"},
      {"[ingestor]\nbind = \"a\\u0000b\"\n", "2: [ingestor] bind: holds a NUL"},
      {"[ingestor]\nsources = \"file:a\"\n",
       "2: [ingestor] sources: must be a list of strings, not the string \"file:a\""},
      {"[ingestor]\nsources = [\"a\",\n 1.5]\n",
       "3: [ingestor] sources: must be a string, not 1.5"},
      {"[ingestor]\nsources = [\"a\", [\"b\"]]\n",
       "2: [ingestor] sources: must be a string, not a list"},
      {"[ingestor]\nmax_demand = \"10\"\n",
       "2: [ingestor] max_demand: must be a whole number from 1 to 1000, not the string \"10\""},
      {"[ingestor]\nmax_demand = 1.0\n",
       "2: [ingestor] max_demand: must be a whole number from 1 to 1000, not 1"},
      {"[ingestor]\nmax_demand = 0\n",
       "2: [ingestor] max_demand: must be a whole number from 1 to 1000, not 0"},
      {"[ingestor]\nmax_demand = -1\n",
       "2: [ingestor] max_demand: must be a whole number from 1 to 1000, not -1"},
      {"[ingestor]\nmax_demand = 1001\n",
       "2: [ingestor] max_demand: must be a whole number from 1 to 1000, not 1001"},
      {"[ingestor]\ncost_ms = nan\n",
       "2: [ingestor] cost_ms: must be a number from 0 to 60000, not nan"},
      {"[ingestor]\ncost_ms = -0.5\n",
       "2: [ingestor] cost_ms: must be a number from 0 to 60000, not -0.5"},
      {"[ingestor]\nexit_when_done = 1\n",
       "2: [ingestor] exit_when_done: must be true or false, not 1"},
      {"[ingestor]\nexit_when_done = \"true\"\n",
       "2: [ingestor] exit_when_done: must be true or false, not the string \"true\""},
      {"[ingestor]\nbind = \"a ${PULLWIRE_NOT_SET}\"\n",
       "2: [ingestor] bind: ${PULLWIRE_NOT_SET} is not in the environment"},
      {"[ingestor]\nsources = [\n\"${PULLWIRE_NOT_SET}\"]\n",
       "3: [ingestor] sources: ${PULLWIRE_NOT_SET} is not in the environment"},
      {"[ingestor]\n[ingestor.target]\n",
       "2: [ingestor] target: must be [[ingestor.target]] entries"},
      {"[ingestor]\ntarget = [1]\n", "2: [ingestor] target: must be [[ingestor.target]] entries"},
      {"[ingestor]\n# \xff\n", "2: not UTF-8"},
      {"[ingestor]\n# \xed\xa0\x80\n", "2: not UTF-8"},
  }));
  SettingsFixture fixture;
  CHECK(fixture.refusal([&, text = content] { fixture.read_file(text); }) ==
        std::string{"FOLDER/pipeline.toml:"} + line);
}

TEST_CASE("a file that isn't TOML is refused with line and column", "[settings]") {
  const char* content =
      GENERATE("[ingestor]\nbind = \"a\n", "[ingestor]\nbind\n", "[ingestor]\nbind = 1\nbind = 2\n",
               "[ingestor]\nbind = 99999999999999999999\n", "[ingestor]\r\nx = \"\x01\"\n");
  SettingsFixture fixture;
  const std::string line = fixture.refusal([&] { fixture.read_file(content); });
  CAPTURE(content);
  CHECK_THAT(line, Catch::Matches("FOLDER/pipeline.toml:[23]:[0-9]+: [^\n]+"));
}

TEST_CASE("a mistake on the command line is refused with one line", "[settings]") {
  struct Case {
    std::vector<std::string> arguments;
    const char* line;
  };
  const auto test = GENERATE(values<Case>({
      {{"--max-demand", "abc"}, "--max-demand: must be a whole number from 1 to 1000, not \"abc\""},
      {{"--max-demand", "-5"}, "--max-demand: must be a whole number from 1 to 1000, not \"-5\""},
      {{"--max-demand="}, "--max-demand: must be a whole number from 1 to 1000, not \"\""},
      {{"--max-demand", "5 "}, "--max-demand: must be a whole number from 1 to 1000, not \"5 \""},
      {{"--max-demand", "99999999999999999999999"},
       "--max-demand: must be a whole number from 1 to 1000, not \"99999999999999999999999\""},
      {{"--cost-ms", "inf"}, "--cost-ms: must be a number from 0 to 60000, not \"inf\""},
      {{"--exit-when-done=yes"}, "--exit-when-done: must be true or false, not \"yes\""},
      {{"--exit-when-done", "false"}, "\"false\": unexpected argument: values belong to flags"},
      {{"--max-demandd", "5"}, "--max-demandd: unknown flag, did you mean --max-demand?"},
      {{"--max_demand=5"}, "--max_demand: unknown flag, did you mean --max-demand?"},
      {{"--zzz"}, "--zzz: unknown flag"},
      {{"-x"}, "-x: unknown flag"},
      {{"posts\n.jsonl"}, "\"posts\\n.jsonl\": unexpected argument: values belong to flags"},
      {{"--bind"}, "--bind: needs a value"},
      {{"--sources"}, "--sources: needs a value"},
      {{"--sources", "a", "b"}, "\"b\": unexpected argument: values belong to flags"},
      {{"--bind", "--state", "a"}, "--bind: needs a value"},
      {{"--bind", "a\xff"}, "--bind: not UTF-8"},
      {{"--target", "a"}, "--target: unknown flag"},
      {{"--config"}, "--config: needs a value"},
      {{"--config", ""}, "--config: needs the name of a file"},
      {{"--config", "/no/such.toml"}, "/no/such.toml: cannot read: No such file or directory"},
      {{"--config", "/"}, "/: cannot read: Is a directory"},
      {{"--config", "/dev/zero"}, "/dev/zero: larger than 1048576 bytes"},
      {{"--log-level", "loud"},
       "--log-level: must be one of trace, debug, info, warn, error, not \"loud\""},
      {{"--log-format", "xml"}, "--log-format: must be one of text, json, not \"xml\""},
      {{"--check=maybe"}, "--check: must be true or false, not \"maybe\""},
  }));
  SettingsFixture fixture;
  CHECK(fixture.refusal([&] { fixture.read(test.arguments); }) == test.line);
}

TEST_CASE("a mistake in the environment is refused with its variable", "[settings]") {
  SettingsFixture fixture;
  SECTION("number") {
    const Variable variable{"PULLWIRE_MAX_DEMAND", ""};
    CHECK(fixture.refusal([&] { fixture.read({}); }) ==
          "PULLWIRE_MAX_DEMAND: must be a whole number from 1 to 1000, not \"\"");
  }
  SECTION("flag") {
    const Variable variable{"PULLWIRE_EXIT_WHEN_DONE", "1"};
    CHECK(fixture.refusal([&] { fixture.read({}); }) ==
          "PULLWIRE_EXIT_WHEN_DONE: must be true or false, not \"1\"");
  }
  SECTION("bytes in the variable") {
    const Variable variable{"PULLWIRE_BIND", "\xc3"};
    CHECK(fixture.refusal([&] { fixture.read({}); }) == "PULLWIRE_BIND: not UTF-8");
  }
  SECTION("bytes behind ${NAME}") {
    const Variable variable{"PULLWIRE_TEST_A", "\xc3"};
    CHECK(fixture.refusal([&] {
      fixture.read_file("[ingestor]\nbind = \"${PULLWIRE_TEST_A}\"\n");
    }) == "FOLDER/pipeline.toml:2: [ingestor] bind: not UTF-8");
  }
}

TEST_CASE("what is too large is refused", "[settings]") {
  SettingsFixture fixture;
  const std::string long_text(kMaxValueBytes + 1, 'x');
  SECTION("file") {
    const std::string content = "[ingestor]\n" + std::string(kMaxConfigBytes, '#');
    CHECK(fixture.refusal([&] { fixture.read_file(content); }) ==
          "FOLDER/pipeline.toml: larger than 1048576 bytes");
  }
  SECTION("value") {
    CHECK(fixture.refusal([&] {
      fixture.read_file("[ingestor]\nbind = \"" + long_text + "\"\n");
    }) == "FOLDER/pipeline.toml:2: [ingestor] bind: longer than 65536 bytes");
  }
  SECTION("expansion") {
    const Variable variable{"PULLWIRE_TEST_A", std::string(30'000, 'x')};
    CHECK(fixture.refusal([&] {
      fixture.read_file("[ingestor]\nbind = \"" + [] {
        std::string many;
        for (int i = 0; i < 1000; ++i) many += "${PULLWIRE_TEST_A}";
        return many;
      }() + "\"\n");
    }) == "FOLDER/pipeline.toml:2: [ingestor] bind: longer than 65536 bytes");
  }
  SECTION("list") {
    std::string list;
    for (std::size_t i = 0; i <= kMaxListEntries; ++i) list += "'',";
    CHECK(fixture.refusal([&] { fixture.read_file("[ingestor]\nsources = [" + list + "]\n"); }) ==
          "FOLDER/pipeline.toml:2: [ingestor] sources: more than 10000 entries");
  }
  SECTION("key") {
    const std::string line =
        fixture.refusal([&] { fixture.read_file("[ingestor]\n" + long_text + " = 1\n"); });
    CHECK(line == "FOLDER/pipeline.toml:2: [ingestor] " + std::string(100, 'x') + "…: unknown key");
  }
}

TEST_CASE("a mistake in the file does not hide behind a flag", "[settings]") {
  SettingsFixture fixture;
  CHECK(fixture.refusal([&] {
    fixture.read_file("[ingestor]\nmax_demand = 0\n", {"--max-demand", "5"});
  }) == "FOLDER/pipeline.toml:2: [ingestor] max_demand: must be a whole number from 1 to 1000, "
        "not 0");
}

TEST_CASE("a table refuses what is missing, of the wrong kind and unknown", "[settings]") {
  SettingsFixture fixture;
  fixture.read_file("[[ingestor.target]]\nname = 3\nformats = \"html\"\n\nurl = \"x\"\n");
  REQUIRE(fixture.targets.size() == 1);
  Table& target = fixture.targets.front();
  CHECK(fixture.refusal([&] { target.text("uri"); }) ==
        "FOLDER/pipeline.toml:1: [[ingestor.target]]: uri is missing");
  CHECK(fixture.refusal([&] { target.text("name"); }) ==
        "FOLDER/pipeline.toml:2: [[ingestor.target]] name: must be a string, not 3");
  CHECK(fixture.refusal([&] { target.texts("formats"); }) ==
        "FOLDER/pipeline.toml:3: [[ingestor.target]] formats: must be a list of strings, not the "
        "string \"html\"");
  CHECK(fixture.refusal([&] { target.refuse_others(); }) ==
        "FOLDER/pipeline.toml:5: [[ingestor.target]] url: unknown key, did you mean uri?");
}
