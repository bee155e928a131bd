#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "admin/options.h"
#include "base/clock.h"
#include "base/result.h"
#include "cache/core.h"
#include "executor/cached_operations.h"
#include "metrics/registry.h"
#include "metrics/slow_log.h"
#include "pgsidecar/performance_monitor.h"
#include "sql/catalogue.h"

namespace pgsidecar::admin {

/// Answer of a probe: ok, or why not in one line.
struct Health {
  bool ok = true;
  std::string reason;
};

/// What a reload came to.
struct ReloadAnswer {
  /// One line each. Without any the new configuration is in use, else the old one still is. Only
  /// kReloadBusy: there was no time to try.
  std::vector<std::string> errors;
  /// Keys whose new value waits for a restart.
  std::vector<std::string> restart_needed;
};
inline constexpr std::string_view kReloadBusy = "busy: the reload was not done within 10s";

/// What the admin listener shows and what it can start. All outlive it.
struct AdminContext {
  metrics::Registry& registry;
  const sql::Catalogue& catalogue;
  const metrics::SlowLog& slow_log;
  const Clock& clock;
  std::function<Health()> startup, live, ready;
  /// Waits for the reload, for ten seconds at most. One call at a time. Thread-safe.
  std::function<ReloadAnswer()> reload;
  /// Starts the drain; a second call ends what is still open. Thread-safe, does not wait.
  std::function<void()> drain;
  executor::CachedOperations* operations = nullptr;  ///< Null: none are configured.
  cache::Core* cache = nullptr;                      ///< Null: there is none.
  const PerformanceMonitor* performance = nullptr;   ///< Null: there is none.
  std::function<bool()> notify_connected = {};       ///< Empty: nobody listens.
  std::string version;                               ///< For the landing page.
  std::string upstream;                              ///< For the landing page: `db:5432`.
  std::string wire_address;                          ///< For the landing page.
};

/// Metrics, probes, the read API, reload and drain on one civetweb listener.
class AdminServer {
 public:
  /// Reads the tokens, binds and serves. Fails with one line that names the file or the address,
  /// and the reason.
  static Result<std::unique_ptr<AdminServer>> Start(const AdminOptions& options,
                                                    AdminContext context);
  /// Finishes running requests, then stops.
  ~AdminServer();

  /// Lets in whom `options` name from now on: reads the tokens again and takes their scope and the
  /// host names. `listen` stays. On failure nothing is changed. Thread-safe.
  Status ReloadTokens(const AdminOptions& options);

  std::string address() const;  ///< As bound, with the real port for port 0.

 private:
  struct State;
  explicit AdminServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pgsidecar::admin
