#pragma once

#include <functional>
#include <memory>
#include <string>

#include "admin/options.h"
#include "base/clock.h"
#include "base/result.h"
#include "metrics/registry.h"
#include "metrics/slow_log.h"
#include "sql/catalogue.h"

namespace pgsidecar::admin {

/// Answer of a probe: ok, or why not in one line.
struct Health {
  bool ok = true;
  std::string reason;
};

/// What the admin listener shows. All outlive it.
struct AdminContext {
  metrics::Registry& registry;
  const sql::Catalogue& catalogue;
  const metrics::SlowLog& slow_log;
  const Clock& clock;
  std::function<Health()> startup, live, ready;
  std::string version;       ///< For the landing page.
  std::string upstream;      ///< For the landing page: `db:5432`.
  std::string wire_address;  ///< For the landing page.
};

/// Metrics, probes and the read API on one civetweb listener.
class AdminServer {
 public:
  /// Binds and serves. Fails with one line that names the address and the reason.
  static Result<std::unique_ptr<AdminServer>> Start(const AdminOptions& options,
                                                    AdminContext context);
  /// Finishes running requests, then stops.
  ~AdminServer();

  std::string address() const;  ///< As bound, with the real port for port 0.

 private:
  struct State;
  explicit AdminServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pgsidecar::admin
