#include "app/run.h"

#include <spdlog/spdlog.h>

#include <cstdio>
#include <thread>

#include "app/command_line.h"
#include "app/sidecar.h"
#include "app/signals.h"
#include "base/units.h"

namespace pgsidecar::app {
namespace {

/// Says what a signal starts, and starts it.
void OnTerminate(Sidecar& sidecar, bool first, const config::Config& config) {
  if (first) {
    spdlog::info("draining: new sessions for {}, open ones for {}; a second signal ends them now",
                 FormatDuration(config.wire.drain_accept_for),
                 FormatDuration(config.wire.drain_timeout));
  } else {
    spdlog::warn("second signal: ending the sessions that are left");
  }
  sidecar.Drain();
}

}  // namespace

int Run(const config::Loaded& loaded) {
  Signals signals;
  auto started = Sidecar::Start(loaded);
  if (!started.ok()) {
    std::fputs(("pgsidecar: " + started.error().message + "\n").c_str(), stderr);
    return kExitUsage;
  }
  Sidecar& sidecar = *started.value();
  std::thread joiner([&] {
    sidecar.Join();
    signals.Notify();
  });
  bool draining = false;
  for (bool serving = true; serving;) {
    switch (signals.Wait(std::chrono::seconds(1))) {
      case Event::kTerminate:
        OnTerminate(sidecar, !draining, loaded.config);
        draining = true;
        break;
      case Event::kHangUp:
        spdlog::warn("SIGHUP ignored: restart to change the configuration");
        break;
      case Event::kNotified:
        serving = false;
        break;
      case Event::kTimeout:
        break;
    }
    sidecar.Tick();
  }
  joiner.join();
  if (draining) {
    spdlog::info("drained, exiting");
    return kExitOk;
  }
  spdlog::error("the event loop ended by itself");
  return kExitFailure;
}

}  // namespace pgsidecar::app
