#include "app/active_config.h"

#include <utility>

#include "app/app_metrics.h"
#include "config/print.h"

namespace pgsidecar::app {

ActiveConfig::ActiveConfig(config::Config config, metrics::Registry& registry, const Clock& clock)
    : config_(std::move(config)),
      registry_(registry),
      clock_(clock),
      info_(&registry.AddInfo(kConfigInfo, {config::HashConfig(config_)})),
      reload_successful_(registry.AddGauge(kConfigLastReloadSuccessful)),
      reload_time_(registry.AddGauge(kConfigLastReloadSuccessTimestampSeconds)),
      upstream_(config_.wire.upstream.ToString()) {
  reload_successful_.Set(1);
  reload_time_.Set(ToSeconds(clock.UnixNow()));
}

std::string ActiveConfig::upstream() const {
  const std::scoped_lock lock(mutex_);
  return upstream_;
}

void ActiveConfig::Replace(config::Config next) {
  config_ = std::move(next);
  registry_.Remove(*info_);
  info_ = &registry_.AddInfo(kConfigInfo, {config::HashConfig(config_)});
  reload_successful_.Set(1);
  reload_time_.Set(ToSeconds(clock_.UnixNow()));
  const std::scoped_lock lock(mutex_);
  upstream_ = config_.wire.upstream.ToString();
}

}  // namespace pgsidecar::app
