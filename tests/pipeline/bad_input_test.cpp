// What an operator got wrong is refused in one line that names the place.
#include <algorithm>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>

#include "tests/catch.hpp"
#include "tests/pipeline/support.hpp"

namespace pullwire::tests {
namespace {

constexpr const char* kTarget =
    "\n[[republisher.target]]\nname = \"null\"\nuri = \"null:\"\nformats = [\"text\"]\n";

/// A stage in a folder of its own, run to its end.
struct Run {
  Run(const std::string& stage, const std::string& file, std::vector<std::string> flags = {})
      : Run{TempDir{}, stage, file, std::move(flags)} {}

  Run(const TempDir& dir, const std::string& stage, const std::string& file,
      std::vector<std::string> flags = {}) {
    write_file(dir / "wrong.toml", file);
    std::filesystem::remove(dir / "log");
    flags.insert(flags.begin(), {"--config", (dir / "wrong.toml").string()});
    Process process{executable(stage), flags, dir / "log"};
    exit_code = process.wait();
    output = process.output();
  }

  [[nodiscard]] bool says(const std::string& part) const {
    return output.find(part) != std::string::npos;
  }
  [[nodiscard]] bool one_line() const {
    return std::count(output.begin(), output.end(), '\n') == 1 && output.back() == '\n';
  }

  std::optional<int> exit_code;
  std::string output;
};

std::string http(int port) {
  return "http = \"127.0.0.1:" + std::to_string(port) + "\"\n";
}

/// [ingestor] that would run.
std::string ingestor_file(int port, int http_port) {
  return "[ingestor]\nbind = \"tcp://127.0.0.1:" + std::to_string(port) + "\"\n" + http(http_port) +
         "state = \"ingestor.db\"\nsources = [\"simulated:?count=1\"]\n";
}

std::string reporter_file(int port, int http_port, const std::string& database) {
  return "[reporter]\nbind = \"tcp://127.0.0.1:" + std::to_string(port) + "\"\n" + http(http_port) +
         "database = \"" + database + "\"\n";
}

}  // namespace

TEST_CASE("a wrong configuration is refused with its file, line and key") {
  struct Case {
    const char* stage;
    std::string file;
    const char* place;  // after the file's path
    const char* reason;
  };
  const std::vector<Case> cases{
      {"ingestor", "[ingestor]\nsourcess = [\"simulated:\"]\n", ":2: [ingestor] sourcess",
       "unknown key, did you mean sources?"},
      {"reporter", "[reporter]\nmax_demandd = 1\n", ":2: [reporter] max_demandd", "unknown key"},
      {"republisher", std::string{"[republisher]\nconcurrenzy = 1\n"} + kTarget,
       ":2: [republisher] concurrenzy", "unknown key"},
      {"republisher", "[[republisher.target]]\nname = \"n\"\nuri = \"null:\"\nformat = \"text\"\n",
       ":1: ", "formats"},
      {"ingestor", "[ingestor]\nbind = \"udp://127.0.0.1:1\"\n", ":2: [ingestor] bind",
       "must begin with tcp:// or ipc://"},
      {"ingestor", "[ingestor]\nbind = \"tcp://127.0.0.1:99999\"\n", ":2: [ingestor] bind",
       "the port must be a number from 1 to 65535"},
      {"ingestor", "[ingestor]\nbind = \"tcp://0.0.0.0:5570\"\n", ":2: [ingestor] bind",
       "beyond loopback"},
      {"reporter", "[reporter]\nbind = \"tcp://*:5571\"\n", ":2: [reporter] bind",
       "beyond loopback"},
      {"reporter", "[reporter]\n\nhttp = \"0.0.0.0:9473\"\n", ":3: [reporter] http", "0.0.0.0"},
      {"republisher", std::string{"[republisher]\nupstream = [\"tcp://127.0.0.1\"]\n"} + kTarget,
       ":2: [republisher] upstream", "tcp://127.0.0.1"},
      {"reporter", "[reporter]\ndatabase = \"mysql://localhost/reports\"\n",
       ":2: [reporter] database", "mysql"},
      {"ingestor", "[ingestor]\nsources = []\n", ":2: [ingestor] sources", "no source"},
      {"ingestor", "[ingestor]\nsources = [\"gopher:x\"]\n", ":2: [ingestor] sources",
       "unknown kind 'gopher'"},
      {"ingestor", "[ingestor]\nsources = [\"simulated:?rat=1\"]\n", ":2: [ingestor] sources",
       "unknown option 'rat'"},
      {"republisher", "[republisher]\nmax_demand = 10\n", ": [republisher] target", "no target"},
      {"republisher",
       "[[republisher.target]]\nname = \"n\"\nuri = \"null:\"\nformats = [\"text\",\n\"docx\"]\n",
       ":5: ", "unknown format docx; there are: html markdown text json pdf"},
      {"republisher",
       "[[republisher.target]]\nname = \"n\"\nuri = \"ftp:x\"\nformats = [\"text\"]\n",
       ":3: ", "unknown kind of target"},
      {"republisher", std::string{"[republisher]\nmax_demand = 10\nmin_demand = 10\n"} + kTarget,
       ":3: [republisher] min_demand", "must be smaller than max_demand, which is 10"},
      {"ingestor", "[ingestor]\nbind = \"tcp://127.0.0.1:1\n", ":2:", ""},
  };
  for (const Case& wrong : cases) {
    const TempDir dir;
    const Run run{dir, wrong.stage, wrong.file};
    INFO(wrong.file << run.output);
    CHECK(run.exit_code == 2);
    CHECK(run.one_line());
    CHECK(run.says((dir / "wrong.toml").string() + wrong.place));
    CHECK(run.says(wrong.reason));
  }
}

TEST_CASE("a wrong flag is refused by its name") {
  const std::string good = ingestor_file(free_port(), free_port());
  const Run unknown{"ingestor", good, {"--stat", "x"}};
  CHECK(unknown.exit_code == 2);
  CHECK(unknown.output == "ingestor: --stat: unknown flag, did you mean --state?\n");
  const Run bad{"ingestor", good, {"--max-span", "0"}};
  CHECK(bad.exit_code == 2);
  CHECK(bad.one_line());
  CHECK(bad.says("--max-span: must be a whole number from 1"));
}

TEST_CASE("a port that is taken is named") {
  const TempDir dir;
  const int port = free_port();
  const int http_port = free_port();
  const std::string file = ingestor_file(port, http_port);
  write_file(dir / "right.toml", file);
  Process holder{
      executable("ingestor"), {"--config", (dir / "right.toml").string()}, dir / "first"};
  REQUIRE(eventually([&] { return http_get(http_port, "/healthz").has_value(); }));

  const std::string address = "127.0.0.1:" + std::to_string(port);
  const Run bind{"reporter", reporter_file(port, free_port(), "none:")};
  INFO(bind.output);
  CHECK(bind.exit_code == 1);
  CHECK(bind.one_line());
  CHECK(bind.says("cannot listen on tcp://" + address));
  const Run page{"reporter", reporter_file(free_port(), http_port, "none:")};
  CHECK(page.exit_code == 1);
  CHECK(page.one_line());
  CHECK(page.says("cannot listen on 127.0.0.1:" + std::to_string(http_port)));
}

TEST_CASE("a database that cannot be used is refused by its path and left as it was") {
  const TempDir dir;
  const auto run = [&](const std::string& name) {
    return Run{dir, "reporter", reporter_file(free_port(), free_port(), "sqlite:" + name)};
  };
  const auto refused = [&](const std::string& name, const std::string& why) {
    const Run wrong = run(name);
    INFO(wrong.output);
    CHECK(wrong.exit_code == 1);
    CHECK(wrong.one_line());
    CHECK(wrong.says((dir / name).string()));
    CHECK(wrong.says(why));
  };
  refused("missing/reports.db", "there is no directory");
  write_file(dir / "notes.db", std::string(2'000, 'x'));
  refused("notes.db", "is no SQLite database");
  CHECK(read_file(dir / "notes.db") == std::string(2'000, 'x'));
  SQLite::Database{dir / "other.db", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE}.exec(
      "CREATE TABLE songs (title TEXT)");
  const std::string before = read_file(dir / "other.db");
  refused("other.db", "is another program's or another stage's database");
  CHECK(read_file(dir / "other.db") == before);
}

TEST_CASE("a second process on the same state or database is refused with the first's name") {
  Pipeline pipeline{fed_by("simulated:?count=1")};
  Process ingestor = pipeline.start_ingestor();
  Process reporter = pipeline.start_reporter();
  REQUIRE(eventually([&] {
    return http_get(pipeline.ingestor_port(), "/healthz") &&
           http_get(pipeline.reporter_port(), "/healthz");
  }));
  const std::vector<std::string> elsewhere{
      "--bind", "tcp://127.0.0.1:" + std::to_string(free_port()), "--http", ""};
  const auto refused = [](Process second, const Process& first, const std::string& name) {
    CHECK(second.wait() == 1);
    const std::string said = second.output();
    INFO(said);
    CHECK(std::count(said.begin(), said.end(), '\n') == 1);
    CHECK(said.find("is in use by process " + std::to_string(first.pid()) + " (" + name + ")") !=
          std::string::npos);
  };
  refused(pipeline.start_ingestor(elsewhere), ingestor, "ingestor");
  refused(pipeline.start_reporter(elsewhere), reporter, "reporter");
  ingestor.kill();
  Process next = pipeline.start_ingestor();
  CHECK(eventually([&] { return http_get(pipeline.ingestor_port(), "/healthz").has_value(); }));
}

TEST_CASE("a check of a good file succeeds and opens nothing") {
  Pipeline pipeline{fed_by("simulated:?count=1")};
  for (const std::string stage : {"ingestor", "republisher", "reporter"}) {
    const TempDir elsewhere;
    Process check{
        executable(stage), {"--config", pipeline.config_file(), "--check"}, elsewhere / "log"};
    CHECK(check.wait() == 0);
    CHECK(check.output() == "");
  }
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator{pipeline.dir().path()}) {
    files.push_back(entry.path().filename());
  }
  CHECK(files == std::vector<std::string>{"pipeline.toml"});
}

TEST_CASE("help and version are printed by every executable") {
  for (const std::string stage : {"ingestor", "republisher", "reporter"}) {
    const TempDir dir;
    Process help{executable(stage), {"--help"}, dir / "help"};
    CHECK(help.wait() == 0);
    for (const std::string flag : {"--config", "--check", "--http", "--drain-timeout"}) {
      CHECK(help.output().find(flag) != std::string::npos);
    }
    Process version{executable(stage), {"--version"}, dir / "version"};
    CHECK(version.wait() == 0);
    CHECK(version.output() == "pullwire " + stage + " " PULLWIRE_VERSION "\n");
  }
}

}  // namespace pullwire::tests
