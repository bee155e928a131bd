#include "metrics/page.h"

#include <algorithm>

#include "metrics/number_text.h"
#include "metrics/registry_state.h"

namespace pgsidecar::metrics {
namespace {

using Metric = prometheus::ClientMetric;
using Exemplars = std::vector<std::optional<TakenExemplar>>;

/// What the page needs to know of a family beside the library's copy of its values.
struct FamilyFacts {
  Declaration declaration;
  /// Labels in declared order, as places in the library's label list, which is sorted by name.
  std::vector<std::size_t> label_places;
  std::map<std::vector<std::string>, Exemplars> exemplars;  ///< By label values, declared order.
};

std::vector<std::size_t> LabelPlaces(const std::vector<std::string_view>& names) {
  std::vector<std::size_t> places;
  places.reserve(names.size());
  for (const std::string_view name : names) {
    places.push_back(static_cast<std::size_t>(
        std::ranges::count_if(names, [&](std::string_view other) { return other < name; })));
  }
  return places;
}

FamilyFacts FactsOf(Registry::State& state, std::string_view name, bool with_exemplars) {
  const std::scoped_lock lock(state.mutex);
  const FamilyEntry& entry = state.families.at(name);
  FamilyFacts facts{entry.declaration, LabelPlaces(entry.label_names), {}};
  if (!with_exemplars) return facts;
  const bool identified =
      std::ranges::find(entry.label_names, "fingerprint") != entry.label_names.end();
  for (const auto& [values, histogram] : entry.series) {
    Exemplars exemplars = histogram->slots()->Copy();
    if (exemplars.empty()) continue;
    for (auto& exemplar : exemplars) {
      if (identified && exemplar) exemplar->fingerprint.clear();
    }
    facts.exemplars.emplace(values, std::move(exemplars));
  }
  return facts;
}

/// Writes the samples of one family.
class FamilyWriter {
 public:
  FamilyWriter(const FamilyFacts& facts, const PageFormat& format, Page& page)
      : facts_(facts), format_(format), page_(page) {}

  void Write(const prometheus::MetricFamily& family) {
    std::vector<const Metric*> metrics;
    metrics.reserve(family.metric.size());
    for (const Metric& metric : family.metric) metrics.push_back(&metric);
    std::ranges::sort(metrics, [this](const Metric* left, const Metric* right) {
      return Precedes(*left, *right);
    });
    format_.AppendMetadata(facts_.declaration, page_.body);
    for (const Metric* metric : metrics) WriteMetric(*metric);
  }

 private:
  const std::string& Value(const Metric& metric, std::size_t place) const {
    return metric.label[place].value;
  }

  bool Precedes(const Metric& left, const Metric& right) const {
    for (const std::size_t place : facts_.label_places) {
      const int order = Value(left, place).compare(Value(right, place));
      if (order != 0) return order < 0;
    }
    return false;
  }

  void WriteMetric(const Metric& metric) {
    labels_.clear();
    for (const std::size_t place : facts_.label_places) {
      if (!labels_.empty()) labels_ += ',';
      labels_.append(metric.label[place].name).append("=\"");
      AppendEscaped(Value(metric, place), "\"", labels_);
      labels_ += '"';
    }
    switch (facts_.declaration.type) {
      case Type::kCounter:
        WriteSample("", metric.counter.value);
        break;
      case Type::kGauge:
      case Type::kInfo:
        WriteSample("", metric.gauge.value);
        break;
      case Type::kHistogram:
        WriteHistogram(metric);
        break;
    }
  }

  void WriteHistogram(const Metric& metric) {
    const Exemplars* exemplars = ExemplarsOf(metric);
    const auto& buckets = metric.histogram.bucket;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      page_.body.append(facts_.declaration.name).append("_bucket{").append(labels_);
      page_.body += labels_.empty() ? "le=\"" : ",le=\"";
      AppendBound(buckets[i].upper_bound, page_.body);
      page_.body += "\"} ";
      AppendNumber(static_cast<double>(buckets[i].cumulative_count), page_.body);
      if (exemplars != nullptr && (*exemplars)[i]) {
        format_.AppendExemplar(*(*exemplars)[i], page_.body);
      }
      page_.body += '\n';
      ++page_.samples;
    }
    WriteSample("_sum", metric.histogram.sample_sum);
    WriteSample("_count", static_cast<double>(metric.histogram.sample_count));
  }

  const Exemplars* ExemplarsOf(const Metric& metric) const {
    if (facts_.exemplars.empty()) return nullptr;
    std::vector<std::string> values;
    for (const std::size_t place : facts_.label_places) values.push_back(Value(metric, place));
    const auto found = facts_.exemplars.find(values);
    return found == facts_.exemplars.end() ? nullptr : &found->second;
  }

  void WriteSample(std::string_view suffix, double value) {
    page_.body.append(facts_.declaration.name).append(suffix);
    if (!labels_.empty()) page_.body.append("{").append(labels_).append("}");
    page_.body += ' ';
    AppendNumber(value, page_.body);
    page_.body += '\n';
    ++page_.samples;
  }

  const FamilyFacts& facts_;
  const PageFormat& format_;
  Page& page_;
  std::string labels_;  ///< Of the metric being written: `a="b",c="d"`.
};

}  // namespace

Page WritePage(Registry& registry, const PageFormat& format) {
  Registry::State& state = registry.state();
  std::vector<prometheus::MetricFamily> families = state.library.Collect();
  std::ranges::sort(families, {}, &prometheus::MetricFamily::name);
  Page page;
  for (const prometheus::MetricFamily& family : families) {
    const FamilyFacts facts = FactsOf(state, family.name, format.has_exemplars());
    FamilyWriter(facts, format, page).Write(family);
  }
  format.AppendEnd(page.body);
  return page;
}

}  // namespace pgsidecar::metrics
