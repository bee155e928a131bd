#pragma once

#include <atomic>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cache/core.h"
#include "unit/metrics/page_reader.h"

namespace pgsidecar::cache {

class FakeClock final : public Clock {
 public:
  Nanos Now() const override { return now.load(); }
  Nanos UnixNow() const override { return now.load(); }
  std::atomic<Nanos> now = kNanosPerSecond;
};

/// A core whose clock stands still until it is moved; no maintenance thread unless started.
class CoreFixture {
 public:
  explicit CoreFixture(Options with = {}) : options(std::move(with)) {
    core = std::make_unique<Core>(CoreContext{options, clock, registry});
  }

  LookupRequest Request(std::string_view name) const {
    LookupRequest request;
    request.key = core->keys().Key(Door::kQuery, {name});
    request.name = name;
    return request;
  }
  /// A look-up that is answered at once; kMiss stands for one that waits.
  LookupResult Lookup(std::string_view name) { return Lookup(Request(name)); }
  LookupResult Lookup(const LookupRequest& request) {
    auto slot = std::make_shared<LookupResult>();
    core->Lookup(request, [slot](LookupResult result) { *slot = std::move(result); });
    return std::move(*slot);
  }
  /// The value under `name`, fresh or stale; a miss is abandoned.
  std::optional<std::string> Value(std::string_view name) {
    const LookupResult result = Lookup(name);
    if (result.kind == LookupKind::kFill) return std::nullopt;
    return result.entry->body;
  }
  /// A miss whose fetch brings `body`.
  Stored FillWith(std::string_view name, std::string_view body,
                  std::vector<std::string> tags = {}) {
    LookupResult result = Lookup(name);
    return result.ticket.Store(MakeFill(body, std::move(tags)));
  }
  static Fill MakeFill(std::string_view body, std::vector<std::string> tags = {}) {
    Fill fill;
    fill.body = body;
    fill.tags = std::move(tags);
    fill.exact_lifetime = true;
    return fill;
  }
  Invalidated Purge(std::string_view pattern) {
    return core->Purge(core->PatternEvent(pattern, DoorSet::All()).value());
  }
  double Sample(const std::string& series) {
    return metrics::Sample(registry, "pgsidecar_cache_" + series).value_or(-1);
  }
  double Total(const std::string& prefix) {
    return metrics::TotalIn(metrics::TextPage(registry), "pgsidecar_cache_" + prefix).sum;
  }
  /// The identities of docs/metrics.md.
  bool BooksBalance() {
    return Total("lookups_total") ==
           Total("hits_total") + Total("stale_total") + Total("misses_total");
  }
  void Advance(Nanos by) { clock.now += by; }

  const Options options;
  FakeClock clock;
  metrics::Registry registry{1};
  std::unique_ptr<Core> core;
};

}  // namespace pgsidecar::cache
