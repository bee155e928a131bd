// What the cache costs inside the process. Target: a memory hit takes at most 1 us (p50).
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "base/glob.h"
#include "cache/core.h"
#include "cache/entry_codec.h"

namespace pgsidecar::cache {
namespace {

struct Fixture {
  Fixture() {
    for (int i = 0; i < 10'000; ++i) {
      names.push_back("user:" + std::to_string(i));
      Fill fill;
      fill.body.assign(200, 'x');
      fill.tags = {"db:app", "table:public.users"};
      core.Put(Request(names.back()), fill);
    }
  }
  LookupRequest Request(std::string_view name) const {
    LookupRequest request;
    request.key = core.keys().Key(Door::kQuery, {"library", name});
    request.name = name;
    return request;
  }

  const Options options;
  const SystemClock clock;
  metrics::Registry registry{1};
  Core core{{options, clock, registry}};
  std::vector<std::string> names;
};

Fixture& Shared() {
  static Fixture fixture;
  return fixture;
}

/// The key is made anew each time, as a caller has to.
bool Hit(Fixture& fixture, std::size_t i) {
  bool hit = false;
  fixture.core.Lookup(fixture.Request(fixture.names[i * 7919 % fixture.names.size()]),
                      [&hit](LookupResult result) { hit = result.kind == LookupKind::kHit; });
  return hit;
}

void BM_MemoryHit(benchmark::State& state) {
  Fixture& fixture = Shared();
  std::size_t i = static_cast<std::size_t>(state.thread_index()) * 1'000;
  for (auto _ : state) {
    if (!Hit(fixture, ++i)) state.SkipWithError("no hit");
  }
}
BENCHMARK(BM_MemoryHit)->Threads(1)->Threads(2);

/// Each hit timed by itself; the clock's own 25 ns or so are in it.
void BM_MemoryHitQuantiles(benchmark::State& state) {
  Fixture& fixture = Shared();
  std::vector<double> nanos;
  std::size_t i = 0;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    if (!Hit(fixture, ++i)) state.SkipWithError("no hit");
    nanos.push_back(
        std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(nanos.begin(), nanos.end());
  state.counters["p50_ns"] = nanos[nanos.size() / 2];
  state.counters["p99_ns"] = nanos[nanos.size() * 99 / 100];
}
BENCHMARK(BM_MemoryHitQuantiles)->Iterations(500'000);

void BM_MissAndFill(benchmark::State& state) {
  Fixture fixture;
  std::size_t i = 0;
  for (auto _ : state) {
    fixture.core.Lookup(fixture.Request("miss:" + std::to_string(++i)), [](LookupResult result) {
      Fill fill;
      fill.body.assign(200, 'x');
      result.ticket.Store(std::move(fill));
    });
  }
}
BENCHMARK(BM_MissAndFill);

void BM_InvalidateTag(benchmark::State& state) {
  Fixture fixture;
  std::size_t i = 0;
  for (auto _ : state) {
    fixture.core.Invalidate(fixture.core.TagEvent("t" + std::to_string(++i % 1'000)));
  }
}
BENCHMARK(BM_InvalidateTag);

/// The first hit after an event checks the entry against the table.
void BM_HitAfterAnEvent(benchmark::State& state) {
  Fixture& fixture = Shared();
  const Event event = fixture.core.TagEvent("other");
  std::size_t i = 0;
  for (auto _ : state) {
    fixture.core.Invalidate(event);
    if (!Hit(fixture, ++i)) state.SkipWithError("no hit");
  }
}
BENCHMARK(BM_HitAfterAnEvent);

void BM_PurgePatternOfTenThousand(benchmark::State& state) {
  Fixture fixture;
  const Event event = fixture.core.PatternEvent("nothing:*", DoorSet::All()).value();
  for (auto _ : state) benchmark::DoNotOptimize(fixture.core.Purge(event));
}
BENCHMARK(BM_PurgePatternOfTenThousand);

void BM_EncodeDecode(benchmark::State& state) {
  const KeySpace keys("", "default");
  Entry entry;
  entry.name = "user:42";
  entry.tags = {"db:app", "table:public.users"};
  entry.body.assign(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    const std::string bytes = EncodeEntry(entry, 1, keys);
    if (!DecodeEntry(bytes, entry.key, keys).ok()) state.SkipWithError("not decoded");
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_EncodeDecode)->Arg(200)->Arg(1 << 20);

void BM_Glob(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(GlobMatches("*user:*:[a-z]*", "app:user:4711:profile"));
  }
}
BENCHMARK(BM_Glob);

}  // namespace
}  // namespace pgsidecar::cache

BENCHMARK_MAIN();
