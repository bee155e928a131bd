#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/load.h"

namespace pgsidecar::app {

/// All parts of a running pgsidecar, started in the order of their dependencies and stopped in the
/// opposite one. The admin listener answers until the end.
class Sidecar {
 public:
  /// Binds the listeners and starts everything. Errors are the configuration's: one line that names
  /// source, key, value and reason. `loaded` has no errors and outlives the sidecar.
  static Result<std::unique_ptr<Sidecar>> Start(const config::Loaded& loaded);
  ~Sidecar();

  /// Starts the drain; a second call ends what is still open. Thread-safe.
  void Drain();
  /// Waits until the drain is done.
  void Join();
  /// Publishes what only changes in the background. To be called about once a second.
  void Tick();

  std::vector<std::string> wire_addresses() const;
  std::string admin_address() const;

 private:
  struct Parts;
  explicit Sidecar(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace pgsidecar::app
