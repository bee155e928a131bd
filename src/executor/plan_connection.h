#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "executor/connection_options.h"
#include "executor/explain_options.h"
#include "executor/interrupter.h"
#include "executor/skip_reason.h"
#include "metrics/slow_log.h"

namespace pgsidecar::executor {

/// What became of an attempt: the answer of EXPLAIN, or why there is none.
struct PlanAnswer {
  std::optional<SkipReason> skip;
  std::string explained;  ///< JSON; empty if skipped.
};

/// A connection that explains statements. One thread only; its calls block. Nothing throws.
class PlanConnection {
 public:
  virtual ~PlanConnection() = default;
  /// The database it was asked to connect to.
  virtual const std::string& database() const = 0;
  /// Explains the canonical text of `statement`. After a skip the connection is to be destroyed.
  virtual PlanAnswer Explain(const metrics::SlowEvent& statement) = 0;
};

/// Connects, with a socket that the interrupter can shut down; null if that fails. Blocks.
using ConnectForPlans = std::function<std::unique_ptr<PlanConnection>(Interrupter&)>;

/// Connects to PostgreSQL with libpqxx. See docs/decisions/0007-explain.md for what is sent.
ConnectForPlans MakeConnectForPlans(const ConnectionOptions& server, const ExplainOptions& options);

}  // namespace pgsidecar::executor
