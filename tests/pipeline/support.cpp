#include "tests/pipeline/support.hpp"

#include <sstream>

namespace pullwire::tests {

Pipeline::Config fed_by(const std::string& source, const std::string& ingestor) {
  Pipeline::Config config;
  config.ingestor = "state = \"ingestor.db\"\nsources = [\"" + source + "\"]\n" + ingestor + "\n";
  return config;
}

std::string null_target(const std::string& options, const std::string& formats) {
  return "[[republisher.target]]\nname = \"null\"\nuri = \"null:" + options + "\"\nformats = [" +
         formats + "]\n";
}

bool stays(const std::function<bool()>& holds, std::chrono::milliseconds span) {
  return !eventually([&] { return !holds(); }, span);
}

double sessions(int port, const std::string& link) {
  return Pipeline::total(port, "pullwire_sessions", "link=\"" + link + "\"");
}

bool in_state(const Process& process, char letter) {
  const std::string stat = read_file("/proc/" + std::to_string(process.pid()) + "/stat");
  const std::size_t name_end = stat.rfind(')');
  return name_end != std::string::npos && name_end + 2 < stat.size() &&
         stat[name_end + 2] == letter;
}

std::size_t lines_with(const Process& process, const std::string& part) {
  std::istringstream lines{process.output()};
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.find(part) != std::string::npos) ++count;
  }
  return count;
}

std::string readiness(int port) {
  std::string said = http_get(port, "/readyz").value_or("");
  if (!said.empty() && said.back() == '\n') said.pop_back();
  return said;
}

bool complete(const Pipeline& pipeline, std::int64_t posts, std::int64_t formats) {
  return pipeline.rows() == posts * formats &&
         pipeline.query("SELECT count(DISTINCT post_id) FROM publications") == posts &&
         pipeline.query("SELECT count(*) FROM posts") == posts &&
         pipeline.query("SELECT count(*) FROM publications WHERE status <> 'published'") == 0;
}

}  // namespace pullwire::tests
