// What Linux knows of this process, named as Prometheus' conventions ask. Thread-safe.
#pragma once

#include <vector>

#include <prometheus/metric_family.h>

namespace pullwire {

/// process_cpu_seconds_total, process_max_fds, process_open_fds,
/// process_resident_memory_bytes and process_start_time_seconds, from /proc and
/// getrusage(2); one that cannot be read is left out.
std::vector<prometheus::MetricFamily> process_metrics();

}  // namespace pullwire
