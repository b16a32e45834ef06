#include "common/wire/gauges.hpp"

#include <algorithm>
#include <array>

#include "common/wire/codec.hpp"
#include "common/wire/reader.hpp"
#include "common/wire/writer.hpp"

namespace pullwire::wire {
namespace {

constexpr std::size_t kNumbers = 12;

std::array<std::uint64_t*, kNumbers> numbers(StageReport& report) {
  return {&report.uptime_us,   &report.sessions, &report.credit,   &report.in_flight,
          &report.held,        &report.events,   &report.busy_us,  &report.blocked_us,
          &report.redelivered, &report.read,     &report.filtered, &report.skipped};
}

}  // namespace

std::string encode_reports(const std::vector<StageReport>& reports) {
  StringBuffer buffer;
  Packer packer{buffer};
  const std::size_t count = std::min(reports.size(), kMaxReports);
  packer.pack_array(static_cast<std::uint32_t>(count));
  for (std::size_t i = 0; i < count; ++i) {
    StageReport report = reports[i];
    packer.pack_array(4 + kNumbers);
    pack_text(packer, clipped(report.stage, kMaxNameBytes));
    pack_text(packer, clipped(report.name, kMaxNameBytes));
    pack_bytes(packer,
               {reinterpret_cast<const char*>(report.instance.data()), report.instance.size()});
    for (const std::uint64_t* number : numbers(report)) packer.pack_uint64(*number);
    pack_text(packer, clipped(report.trouble, kMaxNameBytes));
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
    if (!reader.skip_to_end()) return false;
    reports.push_back(std::move(report));
  }
  return reader.finished();
}

}  // namespace pullwire::wire
