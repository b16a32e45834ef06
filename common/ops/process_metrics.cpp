#include "common/ops/process_metrics.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>

#include <sys/resource.h>
#include <unistd.h>

namespace pullwire {
namespace {

/// Seconds since 1970 at which the system started.
std::optional<double> boot_time() {
  std::ifstream file{"/proc/stat"};
  std::string word;
  double seconds = 0;
  while (file >> word) {
    if (word == "btime" && file >> seconds) return seconds;
    file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return std::nullopt;
}

/// Field 22 of proc(5)'s /proc/PID/stat: clock ticks from boot to the start.
std::optional<double> start_ticks() {
  std::ifstream file{"/proc/self/stat"};
  std::string content{std::istreambuf_iterator<char>{file}, {}};
  // The name, field 2, is in parentheses and may hold anything.
  const std::size_t after_name = content.rfind(')');
  if (after_name == std::string::npos) return std::nullopt;
  std::istringstream fields{content.substr(after_name + 1)};
  std::string skipped;
  for (int field = 3; field < 22; ++field) fields >> skipped;
  double ticks = 0;
  if (!(fields >> ticks)) return std::nullopt;
  return ticks;
}

std::optional<double> start_time() {
  const auto boot = boot_time();
  const auto ticks = start_ticks();
  if (!boot || !ticks) return std::nullopt;
  return *boot + *ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::optional<double> resident_memory() {
  std::ifstream file{"/proc/self/statm"};
  double size = 0;
  double resident = 0;
  if (!(file >> size >> resident)) return std::nullopt;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

std::optional<double> open_descriptors() {
  std::error_code error;
  std::filesystem::directory_iterator entries{"/proc/self/fd", error};
  std::ptrdiff_t count = 0;
  for (; !error && entries != std::filesystem::directory_iterator{}; entries.increment(error)) {
    ++count;
  }
  if (error) return std::nullopt;
  return static_cast<double>(count - 1);  // without the one that reads the folder
}

std::optional<double> cpu_seconds() {
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) != 0) return std::nullopt;
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::optional<double> max_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
  return static_cast<double>(limit.rlim_cur);
}

}  // namespace

std::vector<prometheus::MetricFamily> process_metrics() {
  std::vector<prometheus::MetricFamily> families;
  const auto add = [&](const char* name, const char* help, prometheus::MetricType type,
                       std::optional<double> value) {
    if (!value) return;
    prometheus::ClientMetric metric;
    metric.counter.value = *value;
    metric.gauge.value = *value;
    families.push_back({name, help, type, {metric}});
  };
  using prometheus::MetricType;
  add("process_cpu_seconds_total", "User and system CPU time.", MetricType::Counter, cpu_seconds());
  add("process_max_fds", "Limit on open descriptors.", MetricType::Gauge, max_descriptors());
  add("process_open_fds", "Open descriptors.", MetricType::Gauge, open_descriptors());
  add("process_resident_memory_bytes", "Memory in RAM.", MetricType::Gauge, resident_memory());
  add("process_start_time_seconds", "When the process started, since 1970.", MetricType::Gauge,
      start_time());
  return families;
}

}  // namespace pullwire
