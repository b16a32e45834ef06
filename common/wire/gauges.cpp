#include "common/wire/gauges.hpp"

#include <algorithm>
#include <array>

#include "common/wire/codec.hpp"
#include "common/wire/reader.hpp"
#include "common/wire/writer.hpp"

namespace pullwire::wire {
namespace {

constexpr std::size_t kNumbers = 12;
constexpr std::size_t kMaxTargetBytes = 64;

std::array<std::uint64_t*, kNumbers> numbers(StageReport& report) {
  return {&report.uptime_us,   &report.sessions, &report.credit,   &report.in_flight,
          &report.held,        &report.events,   &report.busy_us,  &report.blocked_us,
          &report.redelivered, &report.read,     &report.filtered, &report.skipped};
}

bool read_closed(Reader& reader, std::vector<Closure>& closed) {
  std::size_t values = 0;
  if (!reader.array(values) || values % 2 != 0 || values / 2 > kMaxClosures) return false;
  for (std::size_t i = 0; i < values / 2; ++i) {
    std::string_view target;
    Closure closure;
    if (!reader.text(target, kMaxTargetBytes) || !reader.number(closure.for_us)) return false;
    closure.target = target;
    closed.push_back(std::move(closure));
  }
  return true;
}

}  // namespace

std::string encode_reports(const std::vector<StageReport>& reports) {
  StringBuffer buffer;
  Packer packer{buffer};
  const std::size_t count = std::min(reports.size(), kMaxReports);
  packer.pack_array(static_cast<std::uint32_t>(count));
  for (std::size_t i = 0; i < count; ++i) {
    StageReport report = reports[i];
    packer.pack_array(5 + kNumbers);
    pack_text(packer, clipped(report.stage, kMaxNameBytes));
    pack_text(packer, clipped(report.name, kMaxNameBytes));
    pack_bytes(packer,
               {reinterpret_cast<const char*>(report.instance.data()), report.instance.size()});
    for (const std::uint64_t* number : numbers(report)) packer.pack_uint64(*number);
    pack_text(packer, clipped(report.trouble, kMaxNameBytes));
    const std::size_t closed = i == 0 ? std::min(report.closed.size(), kMaxClosures) : 0;
    packer.pack_array(static_cast<std::uint32_t>(2 * closed));
    for (std::size_t j = 0; j < closed; ++j) {
      pack_text(packer, clipped(report.closed[j].target, kMaxTargetBytes));
      packer.pack_uint64(report.closed[j].for_us);
    }
  }
  return std::move(buffer.bytes);
}

bool decode_reports(std::string_view bytes, std::vector<StageReport>& reports) {
  Reader reader;
  std::size_t count = 0;
  reports.clear();
  reader.start(bytes);
  if (!reader.array(count) || count > kMaxReports) return false;
  for (std::size_t i = 0; i < count; ++i) {
    StageReport report;
    std::string_view stage;
    std::string_view name;
    std::string_view instance;
    std::string_view trouble;
    if (!reader.array_of_at_least(3 + kNumbers) || !reader.text(stage, kMaxNameBytes) ||
        !reader.text(name, kMaxNameBytes) || !reader.bytes(instance, report.instance.size()) ||
        instance.size() != report.instance.size()) {
      return false;
    }
    report.stage = stage;
    report.name = name;
    std::copy(instance.begin(), instance.end(), report.instance.begin());
    for (std::uint64_t* number : numbers(report)) {
      if (!reader.number(*number)) return false;
    }
    if (reader.more() && !reader.text(trouble, kMaxNameBytes)) return false;
    report.trouble = trouble;
    if (reader.more() && !read_closed(reader, report.closed)) return false;
    if (!reader.skip_to_end()) return false;
    reports.push_back(std::move(report));
  }
  return reader.finished();
}

}  // namespace pullwire::wire
