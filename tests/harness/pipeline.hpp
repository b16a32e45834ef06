// The three executables as a test wants them: configured, started, watched from outside.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/harness/process.hpp"

namespace pullwire::tests {

/// The body of a page, or nothing if there is no answer within a second.
std::optional<std::string> http_get(int port, const std::string& path, long* status = nullptr);

/// A pipeline in a folder of its own, with ports of its own. Processes are started and
/// ended one by one, so that a test can do without any of them.
class Pipeline {
 public:
  struct Config {
    std::string ingestor;  ///< further lines of the section
    std::string republisher;
    std::string targets =
        "[[republisher.target]]\nname = \"null\"\nuri = \"null:\"\n"
        "formats = [\"text\"]\n";
    std::string reporter;
    std::string database = "sqlite:reports.db";
  };

  explicit Pipeline(const Config& config);

  Process start_ingestor(const std::vector<std::string>& flags = {});
  /// With metrics on a port of its own, which `republisher_port` tells.
  Process start_republisher(const std::vector<std::string>& flags = {});
  Process start_reporter(const std::vector<std::string>& flags = {});

  [[nodiscard]] int ingestor_port() const { return ingestor_http_; }
  [[nodiscard]] int reporter_port() const { return reporter_http_; }
  [[nodiscard]] int republisher_port(std::size_t n) const { return republisher_http_.at(n); }

  /// The sum of a metric over all label sets that contain `labels`; nothing if there is
  /// no answer or no such metric.
  [[nodiscard]] static std::optional<double> metric(int port, const std::string& name,
                                                    const std::string& labels = "");
  /// The same, 0 if there is none.
  [[nodiscard]] static double total(int port, const std::string& name,
                                    const std::string& labels = "");

  /// One number from the reporter's database; 0 while there is none.
  [[nodiscard]] std::int64_t query(const std::string& sql) const;
  [[nodiscard]] std::int64_t rows() const { return query("SELECT count(*) FROM publications"); }

  [[nodiscard]] const TempDir& dir() const { return dir_; }
  [[nodiscard]] std::string config_file() const { return (dir_ / "pipeline.toml").string(); }
  [[nodiscard]] std::string ingestor_endpoint() const;
  [[nodiscard]] std::string reporter_endpoint() const;

 private:
  Process start(const std::string& stage, std::vector<std::string> flags);

  TempDir dir_;
  std::string database_;  // its file, in there
  int ingestor_port_ = free_port();
  int reporter_port_ = free_port();
  int ingestor_http_ = free_port();
  int reporter_http_ = free_port();
  std::vector<int> republisher_http_;
  std::map<std::string, int> started_;
};

}  // namespace pullwire::tests
