#include "app/sidecar.h"

#include <optional>
#include <utility>

#include "admin/admin_server.h"
#include "app/app_metrics.h"
#include "app/explain.h"
#include "app/file_limit.h"
#include "app/health.h"
#include "app/sections.h"
#include "app/version.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/print.h"
#include "metrics/log_counter.h"
#include "metrics/process_collector.h"
#include "metrics/recorder.h"
#include "metrics/registry.h"
#include "metrics/self_metrics.h"
#include "metrics/series_limit.h"
#include "metrics/slow_log.h"
#include "sql/catalogue.h"
#include "sql/shape_builder.h"
#include "wire/wire_front.h"

namespace pgsidecar::app {
namespace {

/// `error` said by another module, as the error of the key it is about.
Error ErrorOf(const config::Loaded& loaded, std::string_view key, const Error& error) {
  return {loaded.SourceOf(key) + ": " + std::string(key) + ": " + error.message};
}

Error BindErrorOf(const config::Loaded& loaded, std::string_view key, const Error& error) {
  return ErrorOf(loaded, key,
                 {error.message + "; allowed: a free address of this machine, port 0 for any"});
}

double Seconds(std::chrono::nanoseconds duration) { return ToSeconds(duration.count()); }

/// Metrics whose values are known at start.
void PublishConstants(const config::Config& config, const Clock& clock,
                      metrics::Registry& registry) {
  const std::string scanner = std::to_string(sql::kScannerVersion);
  registry.AddInfo(kBuildInfo, {Version(), Revision(), Compiler(), scanner, FingerprintVersion()});
  registry.AddInfo(kConfigInfo, {config::HashConfig(config)});
  registry.AddGauge(kConfigLastReloadSuccessful).Set(1);
  registry.AddGauge(kConfigLastReloadSuccessTimestampSeconds).Set(ToSeconds(clock.UnixNow()));
  metrics::SeriesCaps caps;
  caps.statements = config.statements.limit + config.statements.operations.size();
  caps.slow_threshold_seconds = registry.slow_threshold_seconds();
  registry.AddGauge(metrics::kSeriesLimit)
      .Set(static_cast<double>(metrics::SeriesLimit(AllDeclarations(), caps)));
  metrics::AddProcessMetrics(registry);
}

std::string Joined(const std::vector<std::string>& addresses) {
  std::string joined;
  for (const std::string& address : addresses) joined += (joined.empty() ? "" : ", ") + address;
  return joined;
}

}  // namespace

/// In the order of construction; destroyed backwards.
struct Sidecar::Parts {
  explicit Parts(const config::Config& configuration)
      : config(configuration),
        registry(Seconds(configuration.wire.slow_query_threshold)),
        log(configuration.log, {metrics::MakeLogCounter(registry)}),
        draining(registry.AddGauge(kDraining)),
        log_drops(registry.AddCounter(metrics::kEventsDroppedTotal, {"log"})),
        recorder(registry),
        explain_counters(registry) {}

  Status StartMetrics(const config::Loaded& loaded);
  Status StartListeners(const config::Loaded& loaded);
  admin::AdminContext MakeAdminContext();

  const config::Config& config;
  const SystemClock clock;
  const Nanos started = clock.Now();
  metrics::Registry registry;
  Log log;
  metrics::Gauge& draining;
  metrics::Counter& log_drops;
  metrics::Recorder recorder;
  executor::ExplainCounters explain_counters;
  std::unique_ptr<sql::Catalogue> catalogue;
  std::unique_ptr<metrics::SlowLog> slow_log;
  std::unique_ptr<executor::Explainer> explainer;
  std::unique_ptr<wire::WireFront> wire;
  std::unique_ptr<admin::AdminServer> admin;
};

Status Sidecar::Parts::StartMetrics(const config::Loaded& loaded) {
  PublishConstants(config, clock, registry);
  auto made_catalogue = sql::Catalogue::Create(config.statements, registry, clock);
  if (!made_catalogue.ok()) {
    return ErrorOf(loaded, "statements.operations", made_catalogue.error());
  }
  catalogue = std::move(made_catalogue).value();
  auto opened_log = metrics::SlowLog::Open(config.slow_log, registry, clock);
  if (!opened_log.ok()) return ErrorOf(loaded, "slow_log.path", opened_log.error());
  slow_log = std::move(opened_log).value();
  explainer = StartExplainer(config, {*slow_log, explain_counters, clock});
  return {};
}

Status Sidecar::Parts::StartListeners(const config::Loaded& loaded) {
  auto made_wire = wire::WireFront::Create(
      config.wire, wire::WireContext{registry, recorder, *catalogue, *slow_log, clock});
  if (!made_wire.ok()) return BindErrorOf(loaded, "wire.listen", made_wire.error());
  wire = std::move(made_wire).value();
  auto made_admin = admin::AdminServer::Start(config.admin, MakeAdminContext());
  if (!made_admin.ok()) return BindErrorOf(loaded, "admin.listen", made_admin.error());
  admin = std::move(made_admin).value();
  wire->Start();
  return {};
}

admin::AdminContext Sidecar::Parts::MakeAdminContext() {
  return {
      .registry = registry,
      .catalogue = *catalogue,
      .slow_log = *slow_log,
      .clock = clock,
      .startup = [] { return admin::Health(); },  // Nobody can ask before the listeners are bound.
      .live = [this] { return Liveness(wire->health(), started, clock.Now()); },
      .ready = [this] { return Readiness(wire->health(), config.wire.upstream); },
      .reload =
          [] {
            return admin::ReloadAnswer{{"reload is not available"}, {}};
          },
      .drain =
          [this] {
            draining.Set(1);
            wire->Drain();
          },
      .version = std::string(Version()),
      .upstream = config.wire.upstream.ToString(),
      .wire_address = Joined(wire->addresses()),
  };
}

Result<std::unique_ptr<Sidecar>> Sidecar::Start(const config::Loaded& loaded) {
  if (const Status limit = EnsureFileLimit(loaded.config.wire.max_clients); !limit.ok()) {
    return ErrorOf(loaded, "wire.max_clients", limit.error());
  }
  auto parts = std::make_unique<Parts>(loaded.config);
  if (const Status status = parts->StartMetrics(loaded); !status.ok()) return status.error();
  if (const Status status = parts->StartListeners(loaded); !status.ok()) return status.error();
  spdlog::info("pgsidecar {} ({}) serves PostgreSQL at {} on {}, metrics on http://{}/metrics",
               Version(), Revision(), loaded.config.wire.upstream.ToString(),
               Joined(parts->wire->addresses()), parts->admin->address());
  return std::unique_ptr<Sidecar>(new Sidecar(std::move(parts)));
}

Sidecar::Sidecar(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Sidecar::~Sidecar() = default;

void Sidecar::Drain() {
  parts_->draining.Set(1);
  parts_->wire->Drain();
}

void Sidecar::Join() { parts_->wire->Join(); }

void Sidecar::Tick() {
  const auto dropped = static_cast<double>(parts_->log.dropped());
  parts_->log_drops.Increment(dropped - parts_->log_drops.Value());
}

std::vector<std::string> Sidecar::wire_addresses() const { return parts_->wire->addresses(); }

std::string Sidecar::admin_address() const { return parts_->admin->address(); }

}  // namespace pgsidecar::app
