#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace pgsidecar::metrics {

using Counter = prometheus::Counter;
using Gauge = prometheus::Gauge;

enum class Type : std::uint8_t { kCounter, kGauge, kHistogram, kInfo };

constexpr std::string_view TypeName(Type type) {
  switch (type) {
    case Type::kCounter:
      return "counter";
    case Type::kGauge:
      return "gauge";
    case Type::kHistogram:
      return "histogram";
    case Type::kInfo:
      return "info";
  }
  return "unknown";
}

/// The bucket sets of docs/metrics.md. kNone for everything but histograms.
enum class Buckets : std::uint8_t { kNone, kQ, kS, kH, kO, kL };

/// One metric of the catalogue. Declared once, `constexpr`, in a module's `<module>_metrics.h`;
/// docs/metrics.md is generated from these.
struct Declaration {
  std::string_view name;  ///< With prefix and suffix: `pgsidecar_query_duration_seconds`.
  Type type;
  std::string_view labels;  ///< Label names in order, comma separated; empty for none.
  std::string_view help;
  Buckets buckets = Buckets::kNone;
};

/// Links one observation to a trace. Ids are lower-case hex as in W3C `traceparent`.
struct Exemplar {
  std::string_view trace_id;     ///< 32 digits.
  std::string_view span_id;      ///< 16 digits.
  std::string_view fingerprint;  ///< 16 digits, or empty.
};

/// A histogram with one exemplar slot per bucket. Thread-safe. Observe costs one library
/// observation; an exemplar is taken at most once a second per bucket and never waited for.
class Histogram {
 public:
  Histogram(prometheus::Histogram& histogram, std::vector<double> bounds);
  ~Histogram();

  void Observe(double value) { histogram_.Observe(value); }
  void Observe(double value, const Exemplar& exemplar, double unix_seconds);
  /// Adds observations counted elsewhere: `counts[i]` fell into bucket i (the last one is +Inf) and
  /// `sum` is their total. Requires: counts.size() == bounds().size() + 1.
  void ObserveMany(const std::vector<double>& counts, double sum) {
    histogram_.ObserveMultiple(counts, sum);
  }

  const std::vector<double>& bounds() const { return bounds_; }
  /// Index of the bucket that `value` falls into (`value <= bounds()[i]`).
  std::size_t BucketOf(double value) const;

  struct Slots;  ///< The exemplars; read by the exposition.
  Slots* slots() const { return slots_.get(); }
  prometheus::Histogram& raw() { return histogram_; }

 private:
  prometheus::Histogram& histogram_;
  const std::vector<double> bounds_;
  std::unique_ptr<Slots> slots_;
};

/// All instruments of the process and what is known about them. Thread-safe; Add and Remove take a
/// lock and allocate, so they are for start, login and admission, never for a hot path. References
/// returned stay valid until Remove.
class Registry {
 public:
  using Values = std::initializer_list<std::string_view>;

  /// `slow_threshold_seconds` becomes a bound of the sets Q and S, so that the share of slow
  /// statements can be read from the histogram.
  explicit Registry(double slow_threshold_seconds);
  ~Registry();

  /// Adds the series of `declaration` with these label values, in declared order, or finds it.
  /// Values become LabelValue(label, value) (metrics/label_value.h). Requires: the declared type;
  /// as many values as labels.
  Counter& AddCounter(const Declaration& declaration, Values values = {});
  Gauge& AddGauge(const Declaration& declaration, Values values = {});
  Histogram& AddHistogram(const Declaration& declaration, Values values = {});
  /// An info metric: a series of value 1 whose facts are in its labels.
  Gauge& AddInfo(const Declaration& declaration, Values values);

  /// Calls `refresh` before every exposition, so that it can set what is only read then. On the
  /// scraping thread, several at once; it must be quick. Kept as long as the registry.
  void BeforeCollect(std::function<void()> refresh);

  void Remove(Counter& counter);
  void Remove(Gauge& gauge);
  void Remove(Histogram& histogram);

  double slow_threshold_seconds() const { return slow_threshold_seconds_; }

  struct State;  ///< Families and exemplars; read by the exposition.
  State& state() { return *state_; }

 private:
  const double slow_threshold_seconds_;
  std::unique_ptr<State> state_;
};

}  // namespace pgsidecar::metrics
