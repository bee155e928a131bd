#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "admin/options.h"
#include "base/log.h"
#include "executor/explain_options.h"
#include "executor/operation_config.h"
#include "metrics/slow_log.h"
#include "sql/options.h"
#include "wire/options.h"

namespace pgsidecar::config {

/// The Redis that instances share.
struct RedisConfig {
  std::string url{};
  std::uint32_t database = 0;
  std::string prefix = "pgsc.";
  std::string user{};
  std::string password_file{};
  std::string ca_file{};
  std::string cert_file{};
  std::string key_file{};
  std::chrono::nanoseconds connect_timeout = std::chrono::milliseconds(200);
  std::chrono::nanoseconds soft_timeout = std::chrono::milliseconds(20);
  std::chrono::nanoseconds hard_timeout = std::chrono::milliseconds(100);
  std::chrono::nanoseconds near_ttl{0};
  std::chrono::nanoseconds fallback_max_ttl = std::chrono::seconds(30);
};

/// What all doors of the cache share.
struct CacheConfig {
  std::uint64_t max_bytes = std::uint64_t{64} << 20U;
  std::uint64_t max_entry_bytes = std::uint64_t{1} << 20U;
  std::chrono::nanoseconds default_ttl = std::chrono::seconds(300);
  std::chrono::nanoseconds max_ttl = std::chrono::hours(24);
  std::chrono::nanoseconds negative_ttl = std::chrono::seconds(30);
  std::chrono::nanoseconds stale_while_revalidate{0};
  std::chrono::nanoseconds stale_if_error = std::chrono::seconds(60);
  double beta = 1;
  std::string name_space = "default";
  std::string secret_file{};
  RedisConfig redis{};
};

/// Everything that can be configured: the options of each module. Default-constructed it is what
/// runs without any configuration.
struct Config {
  wire::WireOptions wire;
  sql::StatementOptions statements;
  executor::OperationsOptions operations;
  CacheConfig cache;
  metrics::SlowLogOptions slow_log;
  executor::ExplainOptions explain;
  admin::AdminOptions admin;
  LogOptions log;
  /// The URI behind `wire.upstream` as it was given, password masked: for print-config.
  std::string upstream = "postgresql://127.0.0.1:5432";
};

}  // namespace pgsidecar::config
