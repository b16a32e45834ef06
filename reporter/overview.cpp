#include "reporter/overview.hpp"

#include <algorithm>
#include <vector>

#include <nlohmann/json.hpp>

namespace pullwire::reporter {
namespace {

using namespace std::chrono_literals;

/// Figures a second are means over so long.
constexpr std::uint64_t kWindowUs = 2'000'000;
/// A process that was not heard of for so long is left out.
constexpr Overview::Time kForgetAfter = 3s;
constexpr std::size_t kMaxStages = 1024;

}  // namespace

double Overview::Stage::events_per_second() const {
  const std::uint64_t span = window.back().uptime_us - window.front().uptime_us;
  if (span == 0) return 0;
  const std::uint64_t events = window.back().events - window.front().events;
  return static_cast<double>(events) * 1e6 / static_cast<double>(span);
}

/// The part of the window in which a total of microseconds grew.
double Overview::Stage::share(std::uint64_t wire::StageReport::*total) const {
  const std::uint64_t span = window.back().uptime_us - window.front().uptime_us;
  if (span == 0) return 0;
  const std::uint64_t grown = window.back().*total - window.front().*total;
  return std::min(1.0, static_cast<double>(grown) / static_cast<double>(span));
}

double Overview::Stage::busy() const {
  return share(&wire::StageReport::busy_us);
}
double Overview::Stage::blocked() const {
  return share(&wire::StageReport::blocked_us);
}

void Overview::take(flow::SessionId session, std::string_view bytes, Time now) {
  std::vector<wire::StageReport> reports;
  if (!wire::decode_reports(bytes, reports)) return;
  for (const wire::StageReport& report : reports) add(report, session, now);
}

void Overview::take_own(const wire::StageReport& report, Time now) {
  add(report, 0, now);
  std::erase_if(stages_, [now](const auto& entry) { return !fresh(entry.second, now); });
}

void Overview::forget(flow::SessionId session) {
  std::erase_if(stages_, [&](const auto& entry) {
    return entry.second.session == session && entry.second.last.stage == "republisher";
  });
}

void Overview::add(const wire::StageReport& report, flow::SessionId session, Time now) {
  if (!stages_.contains(report.instance) && stages_.size() >= kMaxStages) return;
  Stage& stage = stages_[report.instance];
  // An ingestor is reported by every republisher: only what is newer counts.
  if (!stage.window.empty() && report.uptime_us <= stage.last.uptime_us) return;
  const auto grows = [&](std::uint64_t wire::StageReport::*total) {
    return report.*total >= stage.last.*total;
  };
  if (!grows(&wire::StageReport::events) || !grows(&wire::StageReport::busy_us) ||
      !grows(&wire::StageReport::blocked_us)) {
    stage.window.clear();
  }
  stage.last = report;
  stage.heard = now;
  stage.session = session;
  stage.window.push_back(report);
  while (stage.window.size() > 2 && report.uptime_us - stage.window[1].uptime_us >= kWindowUs) {
    stage.window.pop_front();
  }
}

bool Overview::fresh(const Stage& stage, Time now) {
  return now - stage.heard < kForgetAfter;
}

void Overview::recorded(Status status, std::size_t publications) {
  recorded_[status] += publications;
}

std::uint64_t Overview::recorded_total() const {
  std::uint64_t sum = 0;
  for (const auto& [status, count] : recorded_) sum += count;
  return sum;
}

std::vector<wire::Closure> Overview::closed(Time now) const {
  std::map<std::string, std::uint64_t> longest;
  for (const auto& [instance, stage] : stages_) {
    const auto age = static_cast<std::uint64_t>((now - stage.heard) / 1us);
    for (const wire::Closure& closure : stage.last.closed) {
      if (closure.for_us <= age || longest.size() >= wire::kMaxClosures) continue;
      std::uint64_t& time = longest[closure.target];
      time = std::max(time, closure.for_us - age);
    }
  }
  std::vector<wire::Closure> closed;
  for (const auto& [target, time] : longest) closed.push_back({target, time});
  return closed;
}

std::string_view Overview::limiting(Time now) const {
  double least_blocked = 2;
  double republishers_busy = 0;
  double reporter_busy = 0;
  std::size_t republishers = 0;
  for (const auto& [instance, stage] : stages_) {
    if (!fresh(stage, now)) continue;
    if (stage.last.stage == "ingestor") {
      least_blocked = std::min(least_blocked, stage.blocked());
    } else if (stage.last.stage == "republisher") {
      republishers_busy += stage.busy();
      ++republishers;
    } else {
      reporter_busy = stage.busy();
    }
  }
  if (republishers == 0 || least_blocked > 1) return "unknown";
  const double ingestor_busy = 1 - least_blocked;
  republishers_busy /= static_cast<double>(republishers);
  // Of two that are as busy the one downstream limits: the other cannot go faster.
  constexpr double kAsBusy = 0.02;
  if (reporter_busy >= std::max(republishers_busy, ingestor_busy) - kAsBusy) return "reporter";
  return republishers_busy >= ingestor_busy - kAsBusy ? "republisher" : "source";
}

std::string Overview::json(Time now) const {
  using nlohmann::ordered_json;
  ordered_json stages = ordered_json::array();
  std::map<std::string, std::uint64_t> posts{
      {"read", 0}, {"settled", 0}, {"filtered", 0}, {"skipped", 0}};
  std::uint64_t uptime_us = 0;
  std::uint64_t redelivered = 0;
  double per_second = 0;
  std::vector<const Stage*> sorted;
  for (const auto& [instance, stage] : stages_) {
    if (fresh(stage, now)) sorted.push_back(&stage);
  }
  std::sort(sorted.begin(), sorted.end(), [](const Stage* a, const Stage* b) {
    return std::tie(a->last.stage, a->last.name) < std::tie(b->last.stage, b->last.name);
  });
  for (const Stage* stage : sorted) {
    const wire::StageReport& last = stage->last;
    stages.push_back({{"stage", last.stage},
                      {"name", last.name},
                      {"uptime_s", static_cast<double>(last.uptime_us) / 1e6},
                      {"sessions", last.sessions},
                      {"credit", last.credit},
                      {"in_flight", last.in_flight},
                      {"held", last.held},
                      {"events_total", last.events},
                      {"events_per_second", stage->events_per_second()},
                      {"busy", stage->busy()},
                      {"blocked", stage->blocked()},
                      {"redelivered", last.redelivered},
                      {"trouble", last.trouble}});
    if (last.stage == "ingestor") {
      posts["read"] += last.read;
      posts["settled"] += last.events;
      posts["filtered"] += last.filtered;
      posts["skipped"] += last.skipped;
    } else if (last.stage == "reporter") {
      uptime_us = last.uptime_us;
      redelivered = last.redelivered;
      per_second = stage->events_per_second();
    }
  }
  const auto recorded = [&](Status status) {
    const auto it = recorded_.find(status);
    return it == recorded_.end() ? 0 : it->second;
  };
  const ordered_json status{{"limiting", limiting(now)},
                            {"uptime_s", static_cast<double>(uptime_us) / 1e6},
                            {"stages", stages},
                            {"posts", posts},
                            {"publications",
                             {{"published", recorded(Status::Published)},
                              {"failed", recorded(Status::Failed)},
                              {"deferred", recorded(Status::Deferred)},
                              {"per_second", per_second}}},
                            {"redelivered", redelivered}};
  // Names come from peers: what is no UTF-8 is replaced, not thrown at the operator.
  return status.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string one_line(std::string_view lines) {
  std::string line;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i] != '\n') {
      line += lines[i];
    } else if (i + 1 < lines.size()) {
      line += "; ";
    }
  }
  return line;
}

}  // namespace pullwire::reporter
