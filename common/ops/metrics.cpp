#include "common/ops/metrics.hpp"

#include <algorithm>
#include <sstream>
#include <utility>

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "common/ops/process_metrics.hpp"

namespace pullwire {
namespace {

prometheus::detail::Builder<Counter> builder(const Counter*) {
  return prometheus::BuildCounter();
}
prometheus::detail::Builder<Gauge> builder(const Gauge*) {
  return prometheus::BuildGauge();
}
prometheus::detail::Builder<Histogram> builder(const Histogram*) {
  return prometheus::BuildHistogram();
}

}  // namespace

Metrics::Metrics(std::string_view stage)
    : stage_{stage}, registry_{std::make_unique<prometheus::Registry>()} {}

Metrics::~Metrics() = default;

template <class T>
prometheus::Family<T>& Metrics::family(std::string_view name, std::string_view help) {
  return builder(static_cast<const T*>(nullptr))
      .Name("pullwire_" + std::string{name})
      .Help(std::string{help})
      .Labels({{"stage", stage_}})
      .Register(*registry_);
}

template <class T, class... Arguments>
T& Metrics::child(std::string_view name, std::string_view help, const Labels& labels,
                  const Arguments&... arguments) {
  const std::lock_guard lock{mutex_};
  prometheus::Family<T>& all = family<T>(name, help);
  if (all.Has(labels)) return all.Add(labels, arguments...);
  std::size_t& label_sets = label_sets_[std::string{name}];
  if (label_sets < kMaxLabelSets) {
    T& added = all.Add(labels, arguments...);
    ++label_sets;
    return added;
  }
  Labels other = labels;
  for (auto& [label, value] : other) value = "other";
  return all.Add(other, arguments...);
}

Counter& Metrics::counter(std::string_view name, std::string_view help, const Labels& labels) {
  return child<Counter>(name, help, labels);
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  return child<Gauge>(name, help, labels);
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help, const Labels& labels,
                              const Histogram::BucketBoundaries& buckets) {
  return child<Histogram>(name, help, labels, buckets);
}

void raise_to(Counter& counter, double total) {
  const double missing = total - counter.Value();
  if (missing > 0) counter.Increment(missing);
}

void Observations::move_to(Histogram& histogram) {
  histogram.ObserveMultiple(counts_, std::exchange(sum_, 0));
  std::fill(counts_.begin(), counts_.end(), 0);
}

std::string Metrics::text() const {
  std::vector<prometheus::MetricFamily> families = registry_->Collect();
  for (prometheus::MetricFamily& family : process_metrics()) families.push_back(std::move(family));
  std::ostringstream out;
  prometheus::TextSerializer{}.Serialize(out, families);
  return out.str();
}

}  // namespace pullwire
