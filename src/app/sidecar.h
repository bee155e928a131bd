#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/control_queue.h"
#include "base/result.h"
#include "config/load.h"

namespace pgsidecar::app {

/// What a sidecar needs from the program that runs it.
struct SidecarContext {
  std::function<config::Loaded()> load;  ///< Reads all sources of the configuration again.
  ControlQueue& control;                 ///< What the admin listener is asked for. Outlives it.
};

/// All parts of a running pgsidecar, started in the order of their dependencies and stopped in the
/// opposite one. The admin listener answers until the end.
class Sidecar {
 public:
  /// Binds the listeners and starts everything. Errors are the configuration's: one line that names
  /// source, key, value and reason. `loaded` has no errors.
  static Result<std::unique_ptr<Sidecar>> Start(const config::Loaded& loaded,
                                                SidecarContext context);
  ~Sidecar();

  /// Reads the configuration again and uses it, or changes nothing and says why. Logs what it came
  /// to. Main thread only.
  ReloadReport Reload();
  /// Starts the drain; a second call ends what is still open. Thread-safe.
  void Drain();
  /// Waits until the drain is done.
  void Join();
  /// Publishes what only changes in the background. To be called about once a second.
  void Tick();

  bool alive() const;                    ///< As `/healthz`. Thread-safe.
  std::string Summary() const;           ///< What it serves where, in one line.
  const config::Config& config() const;  ///< In use now. Main thread only.
  std::vector<std::string> wire_addresses() const;
  std::string admin_address() const;

 private:
  struct Parts;
  explicit Sidecar(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace pgsidecar::app
