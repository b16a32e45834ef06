#include "common/ops/settings.hpp"

#include "tests/catch.hpp"
#include "tests/unit/ops/settings_fixture.hpp"

using namespace pullwire;
using Texts = std::vector<std::string>;

TEST_CASE("without file, environment and flags the defaults hold", "[settings]") {
  SettingsFixture fixture;
  CHECK_FALSE(fixture.read({}).has_value());
  CHECK(fixture.bind.text == "tcp://127.0.0.1:5570");
  CHECK(fixture.bind.where == "default of bind");
  CHECK(fixture.bind.base.empty());
  CHECK(fixture.sources.empty());
  CHECK(texts_of(fixture.hashtags) == Texts{"one", "two"});
  CHECK(fixture.hashtags.back().where == "default of hashtags");
  CHECK(fixture.max_demand == 100);
  CHECK_FALSE(fixture.settings.given("max_demand"));
  CHECK(fixture.settings.where("max_demand") == "default of max_demand");
  CHECK_FALSE(fixture.settings.check_only());
  CHECK(fixture.settings.log_format() == LogFormat::Text);
  CHECK(fixture.settings.log_level() == LogLevel::Info);
}

TEST_CASE("every kind of key is read from the file with its place", "[settings]") {
  SettingsFixture fixture;
  fixture.read_file(
      "[ingestor]\nbind = \"ipc:///tmp/a\"\nsources = [\n  \"file:a b\",\n  \"file:c\",\n]\n"
      "max_demand = 7\ncost_ms = 1\nexit_when_done = true\nhashtags = []\n");
  const std::string file = (fixture.folder() / "pipeline.toml").string();
  CHECK(fixture.bind.text == "ipc:///tmp/a");
  CHECK(fixture.bind.where == file + ":2: [ingestor] bind");
  CHECK(texts_of(fixture.sources) == Texts{"file:a b", "file:c"});
  CHECK(fixture.sources.back().where == file + ":5: [ingestor] sources");
  CHECK(fixture.max_demand == 7);
  CHECK(fixture.cost_ms == 1.0);
  CHECK(fixture.exit_when_done);
  CHECK(fixture.hashtags.empty());
  CHECK(fixture.settings.given("max_demand"));
  CHECK(fixture.settings.where("max_demand") == file + ":7: [ingestor] max_demand");
}

TEST_CASE("a flag wins over the environment, that over the file, that over the default",
          "[settings]") {
  SettingsFixture fixture;
  const std::string file = "[ingestor]\nmax_demand = 7\nsources = [\"file:f\", \"file:g\"]\n";
  SECTION("file") {
    fixture.read_file(file);
    CHECK(fixture.max_demand == 7);
  }
  SECTION("environment") {
    const Variable number{"PULLWIRE_MAX_DEMAND", "8"};
    const Variable list{"PULLWIRE_SOURCES", " file:e  simulated:\n"};
    fixture.read_file(file);
    CHECK(fixture.max_demand == 8);
    CHECK(fixture.settings.where("max_demand") == "PULLWIRE_MAX_DEMAND");
    CHECK(texts_of(fixture.sources) == Texts{"file:e", "simulated:"});
    CHECK(fixture.sources.front().where == "PULLWIRE_SOURCES");
  }
  SECTION("flag") {
    const Variable number{"PULLWIRE_MAX_DEMAND", "8"};
    const Variable list{"PULLWIRE_SOURCES", "file:e"};
    fixture.read_file(file, {"--max-demand", "9", "--sources", "file:x y", "--sources=file:z"});
    CHECK(fixture.max_demand == 9);
    CHECK(fixture.settings.where("max_demand") == "--max-demand");
    CHECK(texts_of(fixture.sources) == Texts{"file:x y", "file:z"});
    CHECK(fixture.sources.front().where == "--sources");
  }
}

TEST_CASE("a path of the file is relative to the file, any other to the working directory",
          "[settings]") {
  SettingsFixture fixture;
  SECTION("file") {
    fixture.read_file("[ingestor]\nstate = \"a.db\"\n");
    CHECK(fixture.state.path() == fixture.folder() / "a.db");
  }
  SECTION("absolute") {
    fixture.read_file("[ingestor]\nstate = \"/var/a.db\"\n");
    CHECK(fixture.state.path() == "/var/a.db");
  }
  SECTION("flag") {
    fixture.read_file("[ingestor]\nstate = \"a.db\"\n", {"--state", "b.db"});
    CHECK(fixture.state.path() == "b.db");
  }
  SECTION("environment") {
    const Variable state{"PULLWIRE_STATE", "c.db"};
    fixture.read_file("[ingestor]\nstate = \"a.db\"\n");
    CHECK(fixture.state.path() == "c.db");
  }
  SECTION("default") {
    fixture.read_file("[ingestor]\n");
    CHECK(fixture.state.path() == "ingestor.db");
  }
}

TEST_CASE("${NAME} in the file is the environment's, once, and any other $ is itself",
          "[settings]") {
  SettingsFixture fixture;
  const Variable name{"PULLWIRE_TEST_A", "x${PULLWIRE_TEST_B}"};
  const Variable empty{"PULLWIRE_TEST_EMPTY", ""};
  const Variable number{"PULLWIRE_TEST_1", "12"};
  fixture.read_file(
      "[ingestor]\nbind = \"<${PULLWIRE_TEST_A}|${PULLWIRE_TEST_EMPTY}>\"\n"
      "sources = [\"$\", \"$PATH ${} ${1A} ${A B} ${PATH\", \"$${PULLWIRE_TEST_1}\"]\n"
      "max_demand = \"${PULLWIRE_TEST_1}\"\n");
  CHECK(fixture.bind.text == "<x${PULLWIRE_TEST_B}|>");
  CHECK(texts_of(fixture.sources) == Texts{"$", "$PATH ${} ${1A} ${A B} ${PATH", "$12"});
  CHECK(fixture.max_demand == 12);
}

TEST_CASE("flags and the environment take ${NAME} as it stands", "[settings]") {
  SettingsFixture fixture;
  const Variable state{"PULLWIRE_STATE", "${HOME}"};
  fixture.read({"--bind", "${HOME}"});
  CHECK(fixture.bind.text == "${HOME}");
  CHECK(fixture.state.text == "${HOME}");
}

TEST_CASE("the sections of the other executables are passed over", "[settings]") {
  SettingsFixture fixture;
  fixture.read_file(
      "[republisher]\nno_such = \"${PULLWIRE_NOT_SET}\"\n[reporter]\nbind = 3\n"
      "[[republisher.target]]\nname = \"a\"\n");
  CHECK(fixture.bind.where == "default of bind");
}

TEST_CASE("a switch is set bare or with a value, and the last word counts", "[settings]") {
  const auto value = [](const Texts& arguments) {
    SettingsFixture fixture;
    fixture.read(arguments);
    return fixture.exit_when_done;
  };
  CHECK(value({"--exit-when-done"}));
  CHECK(value({"--exit-when-done=true"}));
  CHECK_FALSE(value({"--exit-when-done=false"}));
  CHECK_FALSE(value({"--exit-when-done", "--exit-when-done=false"}));
}

TEST_CASE("an empty flag is an empty text or an empty list", "[settings]") {
  SettingsFixture fixture;
  SECTION("apart") {
    fixture.read({"--bind", "", "--hashtags", ""});
  }
  SECTION("with =") {
    fixture.read({"--bind=", "--hashtags="});
  }
  SECTION("environment") {
    const Variable bind{"PULLWIRE_BIND", ""};
    const Variable hashtags{"PULLWIRE_HASHTAGS", ""};
    fixture.read({});
  }
  CHECK(fixture.bind.text.empty());
  CHECK(fixture.settings.given("bind"));
  CHECK(fixture.hashtags.empty());
  CHECK(fixture.settings.given("hashtags"));
}

TEST_CASE("a single flag given twice counts the last time", "[settings]") {
  SettingsFixture fixture;
  fixture.read({"--max-demand", "1", "--max-demand", "2"});
  CHECK(fixture.max_demand == 2);
}

TEST_CASE("a value may look like a list, hold = or start with a minus", "[settings]") {
  SettingsFixture fixture;
  fixture.read({"--bind", "[::1]", "--state=[a,b]", "--sources", "simulated:?rate=1&count=2",
                "--sources=-"});
  CHECK(fixture.bind.text == "[::1]");
  CHECK(fixture.state.text == "[a,b]");
  CHECK(texts_of(fixture.sources) == Texts{"simulated:?rate=1&count=2", "-"});
}

TEST_CASE("how to log and to check only stand on every command line", "[settings]") {
  SettingsFixture fixture;
  const Variable level{"PULLWIRE_LOG_LEVEL", "debug"};
  fixture.read({"--check", "--log-format", "json"});
  CHECK(fixture.settings.check_only());
  CHECK(fixture.settings.log_format() == LogFormat::Json);
  CHECK(fixture.settings.log_level() == LogLevel::Debug);
}

TEST_CASE("tables come in order with their places", "[settings]") {
  SettingsFixture fixture;
  fixture.read_file(
      "[ingestor]\n[[ingestor.target]]\nname = \"a\"\nformats = [\"x\", \"y\"]\n"
      "[[ingestor.target]]\nname = \"b\"\n");
  const std::string file = (fixture.folder() / "pipeline.toml").string();
  REQUIRE(fixture.targets.size() == 2);
  CHECK(fixture.targets[0].where() == file + ":2: [[ingestor.target]]");
  CHECK(fixture.targets[1].where() == file + ":5: [[ingestor.target]]");
  const Located name = fixture.targets[0].text("name");
  CHECK(name.text == "a");
  CHECK(name.where == file + ":3: [[ingestor.target]] name");
  CHECK(name.base == fixture.folder());
  CHECK(texts_of(fixture.targets[0].texts("formats")) == Texts{"x", "y"});
  CHECK(fixture.targets[1].texts("formats").empty());
  CHECK_FALSE(fixture.targets[1].optional_text("formats").has_value());
  CHECK_NOTHROW(fixture.targets[0].refuse_others());
}
