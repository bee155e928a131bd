#pragma once

#include <vector>

#include "base/result.h"
#include "cache/options.h"
#include "config/load.h"
#include "executor/operation_config.h"
#include "pgsidecar/query_executor.h"

namespace pgsidecar::app {

/// The options of the cache; reads `cache.secret_file`. The error names the key.
Result<cache::Options> CacheOptionsOf(const config::Loaded& loaded);

/// The pool of the operations; reads `executor.password_file`. Its connection string holds the
/// password: never log it. The error names the key.
Result<ExecutorOptions> ExecutorOptionsOf(const config::Loaded& loaded);

/// The operations, with the durations that they leave to the keys `cache.*`.
std::vector<executor::OperationConfig> OperationsOf(const config::Config& config);

/// Whether the answers of an operation are to be cached.
bool CachesOperations(const config::Config& config);

}  // namespace pgsidecar::app
