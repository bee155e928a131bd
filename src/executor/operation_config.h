#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "executor/operation_set.h"
#include "sql/cache_judge.h"

namespace pgsidecar::executor {

/// A duration of an operation's cache that the configuration leaves to the keys `cache.*`.
constexpr std::chrono::nanoseconds kUnset{-1};
/// Tags that an operation may add to those of the tables it reads.
constexpr std::size_t kOwnTagsMax = 8;

/// An operation as it is configured, with what its owner vouches for.
struct OperationConfig {
  OperationSpec spec{};
  sql::JudgeRule rule{};
};

/// A cached operation that is called ahead of its callers.
struct WarmupConfig {
  std::string operation{};
  std::vector<std::pair<std::string, std::string>> parameters{};  ///< Name and text.
  /// Another operation, whose rows give the parameters by column name, instead of `parameters`.
  std::string params_from{};
  std::uint32_t limit = 1000;         ///< Rows of params_from that are used.
  std::chrono::nanoseconds every{0};  ///< 0: only at the start.
};

/// How operations reach PostgreSQL.
struct OperationsOptions {
  /// URI without a password; empty: as `upstream`.
  std::string url{};
  std::string user{};           ///< Instead of the URI's.
  std::string password_file{};  ///< Instead of the upstream's password.
  std::string database{};       ///< Instead of the URI's.
  std::uint32_t connections_max = 8;
  std::uint32_t connections_min = 0;
  std::uint32_t waiters_max = 1024;
  std::chrono::nanoseconds wait_max = std::chrono::seconds(5);
  std::chrono::nanoseconds timeout = std::chrono::seconds(30);
  std::chrono::nanoseconds statement_timeout{0};
  std::chrono::nanoseconds idle_max = std::chrono::minutes(5);
  std::chrono::nanoseconds lifetime_max = std::chrono::minutes(30);
  std::uint32_t prepared_statements_max = 256;
  std::chrono::nanoseconds facts_every = std::chrono::minutes(5);

  std::vector<OperationConfig> operations{};
  std::vector<WarmupConfig> warmup{};
  std::string notify_channel = "pgsidecar_invalidate";
};

}  // namespace pgsidecar::executor
