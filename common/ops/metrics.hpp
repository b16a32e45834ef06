// What a process counts and measures, and its text form for Prometheus.
//
// Counters, gauges and histograms may be used from any thread, and so may Metrics.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/labels.h>

namespace prometheus {
template <class T>
class Family;
class Registry;
}  // namespace prometheus

namespace pullwire {

using Counter = prometheus::Counter;
using Gauge = prometheus::Gauge;
using Histogram = prometheus::Histogram;
using Labels = prometheus::Labels;

inline constexpr std::size_t kMaxLabelSets = 1000;

/// The metrics of one process.
///
///   Metrics metrics{"ingestor"};
///   Counter& sent = metrics.counter("events_sent_total", "Events sent.", {{"link", "posts"}});
///   sent.Increment(batch.size());
///
/// References stay valid as long as Metrics; keep them, a look-up costs a lock and
/// a hash. The same name and labels give the same one. Names get the prefix
/// pullwire_ and the label stage. From kMaxLabelSets label sets of one name on,
/// new ones are counted together under "other" for every label. Invalid names, and
/// a name used for two types, throw (std::invalid_argument): a fault of ours.
class Metrics {
 public:
  explicit Metrics(std::string_view stage);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels = {});
  /// `buckets`: upper bounds, ascending, without the infinite one; those of the
  /// first call with this name and labels count.
  Histogram& histogram(std::string_view name, std::string_view help, const Labels& labels,
                       const Histogram::BucketBoundaries& buckets);

  /// Everything in Prometheus' text format (content type kMetricsType), with the
  /// process_* metrics that its conventions name: memory, CPU time, descriptors,
  /// start time.
  [[nodiscard]] std::string text() const;

 private:
  template <class T>
  prometheus::Family<T>& family(std::string_view name, std::string_view help);
  template <class T, class... Arguments>
  T& child(std::string_view name, std::string_view help, const Labels& labels,
           const Arguments&... arguments);

  std::string stage_;
  std::unique_ptr<prometheus::Registry> registry_;
  std::mutex mutex_;  // guards label_sets_, and looking up with adding
  std::map<std::string, std::size_t, std::less<>> label_sets_;  // by name; "other" not counted
};

/// Raises a counter to a total that is kept elsewhere.
void raise_to(Counter& counter, double total);

/// Collects observations for a histogram, which takes a lock for each: many at once cost
/// one. Not thread-safe.
class Observations {
 public:
  /// `buckets`: those of the histogram; must outlive this.
  explicit Observations(const Histogram::BucketBoundaries& buckets)
      : buckets_{buckets}, counts_(buckets.size() + 1) {}

  void add(double value) {
    const auto bucket = std::lower_bound(buckets_.begin(), buckets_.end(), value);
    ++counts_[static_cast<std::size_t>(bucket - buckets_.begin())];
    sum_ += value;
  }

  /// Adds them to `histogram` and starts anew.
  void move_to(Histogram& histogram);

 private:
  const Histogram::BucketBoundaries& buckets_;
  std::vector<double> counts_;
  double sum_ = 0;
};

inline constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace pullwire
