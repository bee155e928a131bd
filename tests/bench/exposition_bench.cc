// What counting one statement costs, and what a scrape costs.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>

#include "metrics/exposition.h"
#include "metrics/recorder.h"

namespace pgsidecar::metrics {
namespace {

constexpr Exemplar kExemplar{"0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331",
                             "0123456789abcdef"};

Execution Select() {
  return {
      .command = Command::kSelect, .duration = 350'000, .first_reply = 300'000, .rows_returned = 1};
}

void BM_Record(benchmark::State& state) {
  static Registry registry(1);
  static Recorder recorder(registry);
  DatabaseRecorder& app = recorder.Database("app");
  const Execution execution = Select();
  for (auto _ : state) benchmark::DoNotOptimize(app.Record(execution, nullptr));
}
BENCHMARK(BM_Record)->Threads(1)->Threads(2);

void BM_RecordWithExemplar(benchmark::State& state) {
  Registry registry(1);
  Recorder recorder(registry);
  DatabaseRecorder& app = recorder.Database("app");
  const Execution execution = Select();
  for (auto _ : state) benchmark::DoNotOptimize(app.Record(execution, &kExemplar));
}
BENCHMARK(BM_RecordWithExemplar);

void BM_RecordError(benchmark::State& state) {
  Registry registry(1);
  Recorder recorder(registry);
  DatabaseRecorder& app = recorder.Database("app");
  Execution execution = Select();
  execution.failed = true;
  std::ranges::copy(std::string_view("23505"), execution.sqlstate.begin());
  for (auto _ : state) benchmark::DoNotOptimize(app.Record(execution, nullptr));
}
BENCHMARK(BM_RecordError);

void BM_StatementSeries(benchmark::State& state) {
  Registry registry(1);
  StatementFamilies families(registry);
  StatementSeries& series = families.Add({"app", "SELECT users", "0123456789abcdef"});
  for (auto _ : state) {
    series.duration.Observe(0.00035);
    series.rows.fetch_add(1, std::memory_order_relaxed);
  }
}
BENCHMARK(BM_StatementSeries);

/// Two databases and as many statements as fit into about `series` samples.
void Fill(Registry& registry, Recorder& recorder, StatementFamilies& families, int series) {
  std::mt19937 random(1);
  constexpr int kSeriesPerDatabase = 430;
  constexpr int kSeriesPerStatement = 16;
  for (int i = 0; i < 100; ++i) recorder.Database("app").Record(Select(), &kExemplar);
  const int statements = (series - 2 * kSeriesPerDatabase) / kSeriesPerStatement;
  for (int i = 0; i < statements; ++i) {
    const std::string fingerprint = std::to_string(1'000'000'000'000'000 + i);
    const StatementLabels labels{"app", "SELECT users", fingerprint};
    StatementSeries& added = families.Add(labels);
    for (int j = 0; j < 20; ++j) {
      added.duration.Observe(static_cast<double>(random()) * 1e-9, kExemplar, i);
    }
    families.AddInfo(labels, "SELECT users", "SELECT id, name, email FROM users WHERE id = $1");
  }
  Expose(registry, "", "");
}

void BM_Exposition(benchmark::State& state, std::string_view accept, std::string_view encoding) {
  Registry registry(1);
  Recorder recorder(registry);
  StatementFamilies families(registry);
  Fill(registry, recorder, families, static_cast<int>(state.range(0)));
  std::size_t size_bytes = 0;
  for (auto _ : state) size_bytes = Expose(registry, accept, encoding).body.size();
  state.counters["bytes"] = static_cast<double>(size_bytes);
}
BENCHMARK_CAPTURE(BM_Exposition, text, "text/plain", "")
    ->Arg(5000)
    ->Arg(16000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Exposition, openmetrics, "application/openmetrics-text", "")
    ->Arg(5000)
    ->Arg(16000)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Exposition, openmetrics_gzip, "application/openmetrics-text", "gzip")
    ->Arg(5000)
    ->Arg(16000)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pgsidecar::metrics

BENCHMARK_MAIN();
