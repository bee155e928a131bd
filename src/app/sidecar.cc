#include "app/sidecar.h"

#include <utility>

#include "admin/admin_server.h"
#include "app/active_config.h"
#include "app/app_metrics.h"
#include "app/explain.h"
#include "app/file_limit.h"
#include "app/health.h"
#include "app/operations.h"
#include "app/operations_options.h"
#include "app/sections.h"
#include "app/validate.h"
#include "app/version.h"
#include "app/warnings.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/checks.h"
#include "config/reload.h"
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
  return {config::KeyError(loaded, key, error)};
}

Error BindErrorOf(const config::Loaded& loaded, std::string_view key, const Error& error) {
  return ErrorOf(loaded, key,
                 {error.message + "; allowed: a free address of this machine, port 0 for any"});
}

double Seconds(std::chrono::nanoseconds duration) { return ToSeconds(duration.count()); }

/// Metrics whose values are known at start and never change.
void PublishConstants(const config::Config& config, metrics::Registry& registry) {
  const std::string scanner = std::to_string(sql::kScannerVersion);
  registry.AddInfo(kBuildInfo, {Version(), Revision(), Compiler(), scanner, FingerprintVersion()});
  metrics::SeriesCaps caps;
  caps.statements = config.statements.limit + config.statements.operations.size();
  caps.operations = config.operations.operations.size();
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

void LogWarnings(const config::Config& config) {
  if (const auto warning = ChannelBindingWarning(config.wire)) spdlog::warn(*warning);
}

void LogReport(const ReloadReport& report) {
  for (const std::string& error : report.errors) spdlog::error("reload: {}", error);
  if (!report.errors.empty()) {
    spdlog::error("reload: the configuration stays as it was");
    return;
  }
  for (const std::string& key : report.restart_needed) {
    spdlog::warn("reload: the new value of {} waits for a restart", key);
  }
  spdlog::info("reload: the new configuration is in use");
}

}  // namespace

/// In the order of construction; destroyed backwards.
struct Sidecar::Parts {
  Parts(const config::Config& configuration, SidecarContext from)
      : context(std::move(from)),
        registry(Seconds(configuration.wire.slow_query_threshold)),
        active(configuration, registry, clock),
        log(configuration.log, {metrics::MakeLogCounter(registry)}),
        draining(registry.AddGauge(kDraining)),
        log_drops(registry.AddCounter(metrics::kEventsDroppedTotal, {"log"})),
        recorder(registry),
        explain_counters(registry) {}

  Status StartMetrics(const config::Loaded& loaded);
  Status StartListeners(const config::Loaded& loaded);
  admin::AdminContext MakeAdminContext();
  ReloadReport Reload();
  Status Use(const config::Loaded& loaded);

  const SidecarContext context;
  const SystemClock clock;
  const Nanos started = clock.Now();
  metrics::Registry registry;
  ActiveConfig active;
  Log log;
  metrics::Gauge& draining;
  metrics::Counter& log_drops;
  metrics::Recorder recorder;
  executor::ExplainCounters explain_counters;
  std::unique_ptr<sql::Catalogue> catalogue;
  std::unique_ptr<metrics::SlowLog> slow_log;
  std::unique_ptr<executor::Explainer> explainer;
  std::unique_ptr<Operations> operations;
  std::unique_ptr<wire::WireFront> wire;
  std::unique_ptr<admin::AdminServer> admin;
};

Status Sidecar::Parts::StartMetrics(const config::Loaded& loaded) {
  PublishConstants(loaded.config, registry);
  sql::StatementOptions statements = loaded.config.statements;
  statements.read_traits = CachesOperations(loaded.config);
  auto made_catalogue = sql::Catalogue::Create(statements, registry, clock);
  if (!made_catalogue.ok()) {
    return ErrorOf(loaded, "statements.operations", made_catalogue.error());
  }
  catalogue = std::move(made_catalogue).value();
  auto opened_log = metrics::SlowLog::Open(loaded.config.slow_log, registry, clock);
  if (!opened_log.ok()) return ErrorOf(loaded, "slow_log.path", opened_log.error());
  slow_log = std::move(opened_log).value();
  explainer = StartExplainer(loaded.config, {*slow_log, explain_counters, clock});
  auto made = Operations::Start(loaded, {registry, recorder, *slow_log, *catalogue, clock});
  if (!made.ok()) return made.error();
  operations = std::move(made).value();
  return {};
}

Status Sidecar::Parts::StartListeners(const config::Loaded& loaded) {
  const wire::WireOptions& options = loaded.config.wire;
  auto made_wire = wire::WireFront::Create(
      options,
      wire::WireContext{registry, recorder, *catalogue, *slow_log, clock, operations->writes()});
  if (!made_wire.ok()) {
    return BindErrorOf(loaded, ListenKeyOf(options, made_wire.error().message), made_wire.error());
  }
  wire = std::move(made_wire).value();
  auto made_admin = admin::AdminServer::Start(loaded.config.admin, MakeAdminContext());
  if (!made_admin.ok()) return BindErrorOf(loaded, "admin.listen", made_admin.error());
  admin = std::move(made_admin).value();
  wire->Start();
  return {};
}

admin::AdminContext Sidecar::Parts::MakeAdminContext() {
  const auto reload = [this]() -> admin::ReloadAnswer {
    auto report = context.control.AskReload();
    if (!report) return {{std::string(admin::kReloadBusy)}, {}};
    return {std::move(report->errors), std::move(report->restart_needed)};
  };
  return {
      .registry = registry,
      .catalogue = *catalogue,
      .slow_log = *slow_log,
      .clock = clock,
      .startup = [] { return admin::Health(); },  // Nobody can ask before the listeners are bound.
      .live = [this] { return Liveness(wire->health(), started, clock.Now()); },
      .ready = [this] { return Readiness(wire->health(), active.upstream()); },
      .reload = reload,
      .drain = [this] { context.control.AskDrain(); },
      .operations = operations->operations(),
      .cache = &operations->cache(),
      .performance = &operations->performance(),
      .notify_connected = operations->listens() ? [this] { return operations->notify_connected(); }
                                                : std::function<bool()>(),
      .version = std::string(Version()),
      .upstream = active.upstream(),
      .wire_address = Joined(wire->addresses()),
  };
}

ReloadReport Sidecar::Parts::Reload() {
  config::Loaded next = context.load();
  if (next.errors.empty()) next.errors = Validate(next);
  if (!next.errors.empty()) return {std::move(next.errors), {}};
  config::Merged merged = config::MergeRunning(std::move(next), active.get());
  if (!merged.loaded.errors.empty()) return {std::move(merged.loaded.errors), {}};
  if (const Status used = Use(merged.loaded); !used.ok()) return {{used.error().message}, {}};
  return {{}, std::move(merged.restart_needed)};
}

/// What can fail comes first, and what fails changes nothing.
Status Sidecar::Parts::Use(const config::Loaded& loaded) {
  if (const Status limit = EnsureFileLimit(loaded.config.wire.max_clients); !limit.ok()) {
    return ErrorOf(loaded, "wire.max_clients", limit.error());
  }
  if (const Status used = admin->ReloadTokens(loaded.config.admin); !used.ok()) {
    return ErrorOf(loaded, "admin.token_file", used.error());
  }
  if (const Status used = wire->Reload(loaded.config.wire); !used.ok()) {
    return ErrorOf(loaded, "upstream", used.error());
  }
  if (!ExplainAlike(active.get(), loaded.config)) {
    explainer.reset();  // The slow log has one at a time.
    explainer = StartExplainer(loaded.config, {*slow_log, explain_counters, clock});
  }
  log.SetLevel(loaded.config.log.level);
  active.Replace(loaded.config);
  return {};
}

Result<std::unique_ptr<Sidecar>> Sidecar::Start(const config::Loaded& loaded,
                                                SidecarContext context) {
  if (const Status limit = EnsureFileLimit(loaded.config.wire.max_clients); !limit.ok()) {
    return ErrorOf(loaded, "wire.max_clients", limit.error());
  }
  if (const auto errors = CheckCertificates(loaded); !errors.empty()) return Error{errors.front()};
  auto parts = std::make_unique<Parts>(loaded.config, std::move(context));
  if (const Status status = parts->StartMetrics(loaded); !status.ok()) return status.error();
  if (const Status status = parts->StartListeners(loaded); !status.ok()) return status.error();
  std::unique_ptr<Sidecar> sidecar(new Sidecar(std::move(parts)));
  spdlog::info("pgsidecar {} ({}) {}", Version(), Revision(), sidecar->Summary());
  LogWarnings(loaded.config);
  return sidecar;
}

Sidecar::Sidecar(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Sidecar::~Sidecar() = default;

ReloadReport Sidecar::Reload() {
  if (parts_->wire->health().draining) {
    ReloadReport refused{{"draining: the configuration is not read again"}, {}};
    LogReport(refused);
    return refused;
  }
  ReloadReport report = parts_->Reload();
  LogReport(report);
  if (report.errors.empty()) {
    LogWarnings(config());
  } else {
    parts_->active.Keep();
  }
  return report;
}

void Sidecar::Drain() {
  parts_->draining.Set(1);
  parts_->wire->Drain();
}

void Sidecar::Join() { parts_->wire->Join(); }

void Sidecar::Tick() {
  const auto dropped = static_cast<double>(parts_->log.dropped());
  parts_->log_drops.Increment(dropped - parts_->log_drops.Value());
}

bool Sidecar::alive() const {
  return Liveness(parts_->wire->health(), parts_->started, parts_->clock.Now()).ok;
}

std::string Sidecar::Summary() const {
  return "serves PostgreSQL at " + parts_->active.upstream() + " on " + Joined(wire_addresses()) +
         ", metrics on http://" + admin_address() + "/metrics";
}

const config::Config& Sidecar::config() const { return parts_->active.get(); }

std::vector<std::string> Sidecar::wire_addresses() const { return parts_->wire->addresses(); }

std::string Sidecar::admin_address() const { return parts_->admin->address(); }

}  // namespace pgsidecar::app
