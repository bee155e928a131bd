// What a statement costs on the loop thread: the scan, and the way to its cell. Targets: at most
// 150 ns per 100 bytes of SQL, and 30 ns for a hit on top.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "metrics/recorder.h"
#include "sql/catalogue.h"
#include "sql/scanner.h"
#include "sql/statement_index.h"

namespace pgsidecar::sql {
namespace {

constexpr const char* kTexts[] = {
    "SELECT abalance FROM pgbench_accounts WHERE aid = 5417842;",
    "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (7, 1, 53417, -4711, "
    "CURRENT_TIMESTAMP);",
    "SELECT \"users\".\"id\", \"users\".\"email\", \"users\".\"name\" FROM \"users\" INNER JOIN "
    "\"posts\" ON \"posts\".\"user_id\" = \"users\".\"id\" WHERE \"posts\".\"published\" = TRUE "
    "AND \"users\".\"id\" IN (1, 2, 3, 4, 5, 6, 7, 8) ORDER BY \"users\".\"id\" ASC LIMIT 25",
    "select o.id, o.total, sum(i.price * i.quantity) as amount from orders o join items i on "
    "i.order_id = o.id where o.customer_id = 42 and o.placed_at > now() - interval '7 days' and "
    "o.status in ('new', 'paid', 'sent') group by o.id, o.total having count(*) > 1 order by 3 "
    "desc limit 10"};

void SetRate(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes));
  state.counters["ns/100B"] = benchmark::Counter(
      static_cast<double>(bytes) * static_cast<double>(state.iterations()) / 1e11,
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void Scan(benchmark::State& state) {
  const std::string text = kTexts[state.range(0)];
  Scanner scanner;
  for (auto _ : state) {
    scanner.Start(/*standard_conforming_strings=*/true, {});
    std::string_view rest = scanner.Admit(text);
    if (!scanner.Run(&rest)) scanner.Finish();
    std::uint64_t hash = scanner.shape().hash;
    benchmark::DoNotOptimize(hash);
  }
  SetRate(state, text.size());
}
BENCHMARK(Scan)->DenseRange(0, 3);

/// Everything that a catalogue needs.
struct Books {
  SystemClock clock;
  metrics::Registry registry{1.0};
  metrics::Recorder recorder{registry};
  std::unique_ptr<Catalogue> catalogue = std::move(Catalogue::Create({}, registry, clock)).value();
  StatementIndex index{*catalogue, clock};
  ScanContext context{.database = &recorder.Database("bench")};
};

void ScanToCell(benchmark::State& state) {
  const std::string text = kTexts[state.range(0)];
  Books books;
  for (auto _ : state) {
    benchmark::DoNotOptimize(books.index.Scan(text, books.context).statements.data());
  }
  SetRate(state, text.size());
}
BENCHMARK(ScanToCell)->DenseRange(0, 3);

void RecordExecution(benchmark::State& state) {
  Books books;
  const Ref<Referenced> cell = books.index.Scan(kTexts[0], books.context).statements[0].cell;
  books.catalogue->DrainForTest();
  books.index.Poll();
  metrics::Execution execution;
  execution.duration = 150'000;
  execution.rows_returned = 1;
  for (auto _ : state) books.index.Record(*cell, execution, false, nullptr);
}
BENCHMARK(RecordExecution);

void FirstSight(benchmark::State& state) {
  Books books;
  std::size_t i = 0;
  for (auto _ : state) {
    const std::string text = "SELECT c" + std::to_string(++i) + " FROM t WHERE a = 1";
    benchmark::DoNotOptimize(books.index.Scan(text, books.context).statements.data());
    if (i % 64 == 0) books.index.Poll();
  }
}
BENCHMARK(FirstSight);

}  // namespace
}  // namespace pgsidecar::sql

BENCHMARK_MAIN();
