#include "app/operations.h"

#include <spdlog/spdlog.h>

#include <array>
#include <utility>
#include <vector>

#include "app/operations_options.h"
#include "app/write_events.h"
#include "base/glob.h"
#include "cache/cache_metrics.h"
#include "cache/redis_settings.h"
#include "cache/store_factory.h"
#include "config/checks.h"
#include "executor/executor_metrics.h"
#include "executor/facts_keeper.h"
#include "executor/facts_reader.h"
#include "executor/notify_listener.h"
#include "executor/operations_metrics.h"
#include "executor/row_cache.h"
#include "executor/telemetry_state.h"
#include "executor/warmup.h"
#include "pgsidecar/telemetry.h"

namespace pgsidecar::app {
namespace {

using executor::CachedOperations;
using executor::FactsKeeper;
using executor::Notice;
using executor::NoticeKind;
using executor::NotifyListener;
using executor::Warmup;

constexpr std::string_view kFactsOperation = "pgsidecar.facts";

Error ErrorOf(const config::Loaded& loaded, std::string_view key, const Error& error) {
  return {config::KeyError(loaded, key, error)};
}

Error ErrorOf(const QueryError& error) { return {error.message}; }

}  // namespace

/// In the order of construction; destroyed backwards.
struct Operations::Parts {
  Parts(cache::Options wanted, const OperationsContext& from)
      : context(from),
        options(std::move(wanted)),
        core({options, context.clock, context.registry}),
        notify_gauge(context.registry.AddGauge(cache::kCacheNotifyConnected)) {}
  ~Parts() {
    // Threads that call back come first; then calls under way; then what they used.
    keeper.reset();
    listener.reset();
    warmup.reset();
    operations.reset();
    executor.reset();
    core.Stop();
  }

  Status StartCache(const config::Loaded& loaded);
  Status StartOperations(const config::Loaded& loaded);
  void StartListener(const config::Loaded& loaded);
  void OnFacts(std::shared_ptr<const sql::DatabaseFacts> facts);
  void OnNotice(const Notice& notice);
  void OnConnected(bool again);
  void OnDefinitionsChanged();

  const OperationsContext context;
  const cache::Options options;
  PerformanceMonitor performance;
  cache::Core core;
  metrics::Gauge& notify_gauge;
  std::array<metrics::Counter*, executor::kNoticeKindNames.size()> notices{};
  std::unique_ptr<Telemetry> telemetry;
  std::unique_ptr<QueryExecutor> executor;
  std::unique_ptr<CachedOperations> operations;
  std::unique_ptr<Warmup> warmup;
  std::unique_ptr<WriteEvents> writes;
  std::uint64_t facts_as_of = 0;  // Thread of the keeper only.
  std::unique_ptr<FactsKeeper> keeper;
  std::unique_ptr<NotifyListener> listener;
};

Status Operations::Parts::StartCache(const config::Loaded& loaded) {
  auto remote = cache::MakeRemoteStore({options, core.keys(), context.clock, context.registry});
  if (!remote.ok()) return ErrorOf(loaded, "cache.redis.url", remote.error());
  core.Start(std::move(remote).value());
  for (std::size_t i = 0; i < notices.size(); ++i) {
    notices[i] = &context.registry.AddCounter(executor::kCacheNotificationsTotal,
                                              {executor::kNoticeKindNames[i]});
  }
  return {};
}

Status Operations::Parts::StartOperations(const config::Loaded& loaded) {
  const config::Config& config = loaded.config;
  if (config.operations.operations.empty()) {
    if (config.operations.warmup.empty()) return {};
    return ErrorOf(loaded, "cache.warmup", {"there are no operations; allowed: nothing"});
  }
  auto pool = ExecutorOptionsOf(loaded);
  if (!pool.ok()) return pool.error();
  telemetry = executor::MakeTelemetry({context.registry, context.recorder, context.slow_log,
                                       context.catalogue, performance, context.clock});
  auto made = executor::MakeExecutor(pool.value(), *telemetry, core);
  if (!made.ok()) return ErrorOf(loaded, "executor.url", ErrorOf(made.error()));
  executor = std::move(made).value();
  auto created = CachedOperations::Create(
      OperationsOf(config),
      {.executor = *executor,
       .on_bypass =
           [this](sql::BypassReason reason) {
             core.CountBypass(static_cast<cache::Bypass>(reason));
           },
       .drop_all = [this] { static_cast<void>(core.Invalidate(FloorOfQueries())); }});
  if (!created.ok()) return ErrorOf(loaded, "operations", created.error());
  operations = std::move(created).value();
  const Status warm = Warmup::Check(config.operations.warmup, *operations);
  if (!warm.ok()) return ErrorOf(loaded, "cache.warmup", warm.error());
  metrics::Counter& warmed =
      context.registry.AddCounter(cache::kCacheRefreshesTotal, {"query", "warmup"});
  warmup = std::make_unique<Warmup>(
      Warmup::Options{.warmups = config.operations.warmup},
      Warmup::Context{.operations = *operations, .on_warmed = [&warmed] { warmed.Increment(); }});
  if (!operations->any_cached()) return {};
  writes = std::make_unique<WriteEvents>(core, *operations, [this] { OnDefinitionsChanged(); });
  StartListener(loaded);
  keeper = std::make_unique<FactsKeeper>(
      FactsKeeper::Options{.every = config.operations.facts_every},
      FactsKeeper::Callbacks{.read =
                                 [this] {
                                   facts_as_of = operations->forgotten();
                                   return executor::ReadFacts(*executor,
                                                              executor->Named(kFactsOperation));
                                 },
                             .use = [this](auto facts) { OnFacts(std::move(facts)); }});
  return {};
}

void Operations::Parts::StartListener(const config::Loaded& loaded) {
  const std::string& channel = loaded.config.operations.notify_channel;
  const auto pool = ExecutorOptionsOf(loaded);
  if (channel.empty() || !pool.ok()) return;
  listener = std::make_unique<NotifyListener>(
      NotifyListener::Options{.connection = pool.value().connection, .channel = channel},
      NotifyListener::Callbacks{.on_notice = [this](const Notice& notice) { OnNotice(notice); },
                                .on_connected = [this](bool again) { OnConnected(again); },
                                .on_lost = [this] { notify_gauge.Set(0); }});
}

void Operations::Parts::OnFacts(std::shared_ptr<const sql::DatabaseFacts> facts) {
  const bool known = facts != nullptr;
  operations->UseFacts(std::move(facts), facts_as_of);
  if (known) warmup->Start();
}

void Operations::Parts::OnNotice(const Notice& notice) {
  NoticeKind kind = notice.kind;
  switch (kind) {
    case NoticeKind::kTable:
    case NoticeKind::kTag:
      static_cast<void>(core.Invalidate(core.TagEvent(notice.argument)));
      break;
    case NoticeKind::kKey:
    case NoticeKind::kPattern: {
      const std::string pattern =
          kind == NoticeKind::kKey ? EscapeGlob(notice.argument) : notice.argument;
      const auto event = core.PatternEvent(pattern, cache::DoorSet::All());
      if (event.ok()) {
        static_cast<void>(core.Invalidate(event.value()));
      } else {
        kind = NoticeKind::kUnknown;
      }
      break;
    }
    case NoticeKind::kUnknown:
      break;
  }
  notices[static_cast<std::size_t>(kind)]->Increment();
}

/// What was said before this connection was not heard. The first one follows the start so closely
/// that mostly nothing was stored yet; then the answers of peers, who did hear, are spared.
void Operations::Parts::OnConnected(bool again) {
  notify_gauge.Set(1);
  if (again || core.stats().entries > 0) static_cast<void>(core.Invalidate(FloorOfQueries()));
}

void Operations::Parts::OnDefinitionsChanged() {
  operations->ForgetFacts();
  keeper->Refresh();
}

Result<std::unique_ptr<Operations>> Operations::Start(const config::Loaded& loaded,
                                                      const OperationsContext& context) {
  auto options = CacheOptionsOf(loaded);
  if (!options.ok()) return options.error();
  auto parts = std::make_unique<Parts>(std::move(options).value(), context);
  if (const Status started = parts->StartCache(loaded); !started.ok()) return started.error();
  if (const Status started = parts->StartOperations(loaded); !started.ok()) {
    return started.error();
  }
  return std::unique_ptr<Operations>(new Operations(std::move(parts)));
}

Operations::Operations(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Operations::~Operations() = default;

cache::Core& Operations::cache() { return parts_->core; }
PerformanceMonitor& Operations::performance() { return parts_->performance; }
CachedOperations* Operations::operations() { return parts_->operations.get(); }
bool Operations::listens() const { return parts_->listener != nullptr; }
bool Operations::notify_connected() const {
  return parts_->listener != nullptr && parts_->listener->connected();
}
wire::WriteWatch* Operations::writes() { return parts_->writes.get(); }

std::vector<std::string> CheckOperations(const config::Loaded& loaded) {
  const config::Config& config = loaded.config;
  std::vector<std::string> errors;
  const auto add = [&](std::string_view key, const Error& error) {
    errors.push_back(config::KeyError(loaded, key, error));
  };
  if (const auto options = CacheOptionsOf(loaded); !options.ok()) {
    errors.push_back(options.error().message);
  } else if (!options.value().redis.url.empty()) {
    const auto redis = cache::MakeRedisSettings(options.value());
    if (!redis.ok()) add("cache.redis.url", redis.error());
  }
  if (config.operations.operations.empty()) return errors;
  auto pool = ExecutorOptionsOf(loaded);
  if (!pool.ok()) {
    errors.push_back(pool.error().message);
    return errors;
  }
  pool.value().connections_min = 0;  // Nothing is to be connected.
  const auto telemetry = Telemetry::Create({});
  if (!telemetry.ok()) return errors;
  const auto made = QueryExecutor::Create(pool.value(), *telemetry.value());
  if (!made.ok()) {
    add("executor.url", ErrorOf(made.error()));
    return errors;
  }
  const auto operations = CachedOperations::Create(OperationsOf(config), {*made.value()});
  if (!operations.ok()) {
    add("operations", operations.error());
    return errors;
  }
  const Status warm = Warmup::Check(config.operations.warmup, *operations.value());
  if (!warm.ok()) add("cache.warmup", warm.error());
  return errors;
}

}  // namespace pgsidecar::app
