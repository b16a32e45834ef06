#include "tests/harness/pipeline.hpp"

#include <sstream>

#include <SQLiteCpp/SQLiteCpp.h>
#include <curl/curl.h>

namespace pullwire::tests {
namespace {

std::size_t append(char* data, std::size_t size, std::size_t count, void* body) {
  static_cast<std::string*>(body)->append(data, size * count);
  return size * count;
}

}  // namespace

std::optional<std::string> http_get(int port, const std::string& path, long* status) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (initialised != CURLE_OK) return std::nullopt;
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl{curl_easy_init(),
                                                                 &curl_easy_cleanup};
  const std::string url = "http://127.0.0.1:" + std::to_string(port) + path;
  std::string body;
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, 1000L);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &body);
  if (curl_easy_perform(curl.get()) != CURLE_OK) return std::nullopt;
  if (status != nullptr) curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, status);
  return body;
}

Pipeline::Pipeline(const Config& config)
    : database_{config.database.substr(config.database.find(':') + 1)} {
  std::ostringstream toml;
  toml << "[ingestor]\nbind = \"" << ingestor_endpoint()
       << "\"\nhttp = \"127.0.0.1:" << ingestor_http_ << "\"\n"
       << config.ingestor << "\n[republisher]\nupstream = [\"" << ingestor_endpoint()
       << "\"]\ndownstream = [\"" << reporter_endpoint() << "\"]\n"
       << config.republisher << "\n"
       << config.targets << "\n[reporter]\nbind = \"" << reporter_endpoint()
       << "\"\nhttp = \"127.0.0.1:" << reporter_http_ << "\"\ndatabase = \"" << config.database
       << "\"\n"
       << config.reporter << "\n";
  write_file(dir_ / "pipeline.toml", toml.str());
}

std::string Pipeline::ingestor_endpoint() const {
  return "tcp://127.0.0.1:" + std::to_string(ingestor_port_);
}

std::string Pipeline::reporter_endpoint() const {
  return "tcp://127.0.0.1:" + std::to_string(reporter_port_);
}

Process Pipeline::start(const std::string& stage, std::vector<std::string> flags) {
  const std::string log = stage + "-" + std::to_string(++started_[stage]) + ".log";
  flags.insert(flags.begin(), {"--config", config_file()});
  return Process{executable(stage), flags, dir_ / log};
}

Process Pipeline::start_ingestor(const std::vector<std::string>& flags) {
  return start("ingestor", flags);
}

Process Pipeline::start_republisher(const std::vector<std::string>& flags) {
  republisher_http_.push_back(free_port());
  std::vector<std::string> all = flags;
  all.insert(all.end(), {"--http", "127.0.0.1:" + std::to_string(republisher_http_.back())});
  return start("republisher", std::move(all));
}

Process Pipeline::start_reporter(const std::vector<std::string>& flags) {
  return start("reporter", flags);
}

std::optional<double> Pipeline::metric(int port, const std::string& name,
                                       const std::string& labels) {
  const auto page = http_get(port, "/metrics");
  if (!page) return std::nullopt;
  std::optional<double> sum;
  std::istringstream lines{*page};
  for (std::string line; std::getline(lines, line);) {
    const std::string series = line.substr(0, line.rfind(' '));
    if (series.substr(0, series.find('{')) != name) continue;
    if (series.find(labels) == std::string::npos) continue;
    sum = sum.value_or(0) + std::stod(line.substr(line.rfind(' ') + 1));
  }
  return sum;
}

double Pipeline::total(int port, const std::string& name, const std::string& labels) {
  return metric(port, name, labels).value_or(0);
}

std::int64_t Pipeline::query(const std::string& sql) const {
  const auto path = dir_ / database_;
  if (!std::filesystem::exists(path)) return 0;
  try {
    SQLite::Database database{path, SQLite::OPEN_READONLY, 1000};
    SQLite::Statement statement{database, sql};
    return statement.executeStep() ? statement.getColumn(0).getInt64() : 0;
  } catch (const SQLite::Exception& error) {
    // Before the reporter has made its tables.
    if (std::string{error.what()}.find("no such table") != std::string::npos) return 0;
    throw;
  }
}

}  // namespace pullwire::tests
