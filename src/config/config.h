#pragma once

#include <string>

#include "admin/options.h"
#include "base/log.h"
#include "executor/explain_options.h"
#include "metrics/slow_log.h"
#include "sql/options.h"
#include "wire/options.h"

namespace pgsidecar::config {

/// Everything that can be configured: the options of each module. Default-constructed it is what
/// runs without any configuration.
struct Config {
  wire::WireOptions wire;
  sql::StatementOptions statements;
  metrics::SlowLogOptions slow_log;
  executor::ExplainOptions explain;
  admin::AdminOptions admin;
  LogOptions log;
  /// The URI behind `wire.upstream` as it was given, password masked: for print-config.
  std::string upstream = "postgresql://127.0.0.1:5432";
};

}  // namespace pgsidecar::config
