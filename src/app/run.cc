#include "app/run.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <thread>
#include <utility>

#include "app/command_line.h"
#include "app/control_queue.h"
#include "app/notify.h"
#include "app/sidecar.h"
#include "app/signals.h"
#include "base/clock.h"
#include "base/units.h"

namespace pgsidecar::app {
namespace {

/// What the main thread does while the others serve: it waits for signals and for what the admin
/// listener is asked, and tells the service manager.
class MainLoop {
 public:
  MainLoop(Signals& signals, ControlQueue& control, Sidecar& sidecar)
      : signals_(signals),
        control_(control),
        sidecar_(sidecar),
        notifier_(ReadNotifyOptions(config::ProcessEnvironment(), ::getpid())) {}

  /// Until the drain is done; returns the exit code.
  int Serve();

 private:
  void OnEvent(Event event);
  ReloadReport Reload();
  void Drain();

  Signals& signals_;
  ControlQueue& control_;
  Sidecar& sidecar_;
  Notifier notifier_;
  const SystemClock clock_;
  bool draining_ = false;
};

int MainLoop::Serve() {
  constexpr std::chrono::seconds kTick{1};
  std::atomic<bool> ended = false;
  std::thread joiner([&] {
    sidecar_.Join();
    ended = true;
    signals_.Notify();
  });
  notifier_.Ready(sidecar_.Summary());
  while (!ended) {
    OnEvent(signals_.Wait(notifier_.Pause(clock_.Now(), kTick)));
    sidecar_.Tick();
    if (sidecar_.alive()) notifier_.KeepAlive(clock_.Now());
  }
  joiner.join();
  control_.Close();
  if (draining_) {
    spdlog::info("drained, exiting");
    return kExitOk;
  }
  spdlog::error("the event loop ended by itself");
  return kExitFailure;
}

void MainLoop::OnEvent(Event event) {
  switch (event) {
    case Event::kTerminate:
      Drain();
      break;
    case Event::kHangUp:
      Reload();
      break;
    case Event::kNotified:
      control_.Serve([this] { return Reload(); }, [this] { Drain(); });
      break;
    case Event::kTimeout:
      break;
  }
}

ReloadReport MainLoop::Reload() {
  if (draining_) return sidecar_.Reload();  // Refused; nothing to tell the manager.
  notifier_.Reloading(clock_.Now());
  ReloadReport report = sidecar_.Reload();
  notifier_.Ready(report.errors.empty() ? sidecar_.Summary()
                                        : "the last reload failed: " + report.errors.front());
  return report;
}

void MainLoop::Drain() {
  const wire::WireOptions& wire = sidecar_.config().wire;
  if (draining_) {
    spdlog::warn("drain: ending the sessions that are left, as asked for a second time");
  } else {
    spdlog::info("draining: new sessions for {}, open ones for {}; a second signal ends them now",
                 FormatDuration(wire.drain_accept_for), FormatDuration(wire.drain_timeout));
    notifier_.Stopping("draining");
  }
  draining_ = true;
  sidecar_.Drain();
}

}  // namespace

int Run(const config::Loaded& loaded, std::function<config::Loaded()> load) {
  Signals signals;
  ControlQueue control([&signals] { signals.Notify(); });
  auto started = Sidecar::Start(loaded, {std::move(load), control});
  if (!started.ok()) {
    std::fputs(("pgsidecar: " + started.error().message + "\n").c_str(), stderr);
    return kExitUsage;
  }
  return MainLoop(signals, control, *started.value()).Serve();
}

}  // namespace pgsidecar::app
