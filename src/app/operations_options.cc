#include "app/operations_options.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

#include "app/explain.h"
#include "config/checks.h"
#include "config/upstream.h"
#include "config/value.h"

namespace pgsidecar::app {
namespace {

constexpr std::size_t kSecretBytesMin = 32;
constexpr std::size_t kFileBytesMax = 64 << 10;

Error ErrorOf(const config::Loaded& loaded, std::string_view key, const Error& error) {
  return {config::KeyError(loaded, key, error)};
}

/// The content of a file without the line end behind it. What is in it is never shown.
Result<std::string> ReadSecret(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return config::Refuse(path, std::string("cannot be read: ") + std::strerror(errno),
                          "a file that can be read");
  }
  std::ostringstream content;
  content << file.rdbuf();
  std::string text = content.str();
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty() || text.size() > kFileBytesMax) {
    return config::Refuse(path, "is empty or too long", "a file of 1 byte to 64KiB");
  }
  return text;
}

/// Where and as whom the operations connect.
Result<executor::ConnectionOptions> ConnectionOf(const config::Loaded& loaded) {
  const executor::OperationsOptions& wanted = loaded.config.operations;
  wire::Upstream upstream = loaded.config.wire.upstream;
  if (!wanted.url.empty()) {
    auto parsed = config::ParseUpstream(wanted.url);
    if (!parsed.ok()) return ErrorOf(loaded, "executor.url", parsed.error());
    upstream = std::move(parsed.value().upstream);
  }
  executor::ConnectionOptions connection = ConnectionTo(upstream);
  if (!wanted.user.empty() && wanted.user != connection.user) {
    connection.user = wanted.user;
    connection.password.clear();  // It is somebody else's.
  }
  if (!wanted.database.empty()) connection.dbname = wanted.database;
  if (!wanted.password_file.empty()) {
    auto password = ReadSecret(wanted.password_file);
    if (!password.ok()) return ErrorOf(loaded, "executor.password_file", password.error());
    connection.password = std::move(password).value();
  }
  return connection;
}

Result<cache::RedisOptions> RedisOptionsOf(const config::Loaded& loaded) {
  const config::RedisConfig& wanted = loaded.config.cache.redis;
  cache::RedisOptions options;
  options.url = wanted.url;
  options.database = static_cast<int>(wanted.database);
  options.prefix = wanted.prefix;
  options.user = wanted.user;
  options.ca_file = wanted.ca_file;
  options.cert_file = wanted.cert_file;
  options.key_file = wanted.key_file;
  options.connect_timeout = wanted.connect_timeout;
  options.soft_timeout = wanted.soft_timeout;
  options.hard_timeout = wanted.hard_timeout;
  options.near_ttl = wanted.near_ttl;
  options.fallback_max_ttl = wanted.fallback_max_ttl;
  if (wanted.password_file.empty()) return options;
  auto password = ReadSecret(wanted.password_file);
  if (!password.ok()) return ErrorOf(loaded, "cache.redis.password_file", password.error());
  options.password = std::move(password).value();
  return options;
}

}  // namespace

Result<cache::Options> CacheOptionsOf(const config::Loaded& loaded) {
  const config::CacheConfig& wanted = loaded.config.cache;
  cache::Options options;
  options.max_bytes = wanted.max_bytes;
  options.max_entry_bytes = wanted.max_entry_bytes;
  options.default_ttl = wanted.default_ttl;
  options.max_ttl = wanted.max_ttl;
  options.negative_ttl = wanted.negative_ttl;
  options.stale_while_revalidate = wanted.stale_while_revalidate;
  options.stale_if_error = wanted.stale_if_error;
  options.beta = wanted.beta;
  options.name_space = wanted.name_space;
  auto redis = RedisOptionsOf(loaded);
  if (!redis.ok()) return redis.error();
  options.redis = std::move(redis).value();
  if (wanted.secret_file.empty()) return options;
  auto secret = ReadSecret(wanted.secret_file);
  if (!secret.ok()) return ErrorOf(loaded, "cache.secret_file", secret.error());
  if (secret.value().size() < kSecretBytesMin) {
    return ErrorOf(
        loaded, "cache.secret_file",
        config::Refuse(wanted.secret_file, "is too short", "a file of 32 bytes or more"));
  }
  options.secret = std::move(secret).value();
  return options;
}

Result<ExecutorOptions> ExecutorOptionsOf(const config::Loaded& loaded) {
  const executor::OperationsOptions& wanted = loaded.config.operations;
  const auto connection = ConnectionOf(loaded);
  if (!connection.ok()) return connection.error();
  ExecutorOptions options;
  options.connection = executor::ConnectionString(connection.value());
  options.name = "operations";
  options.connections_max = wanted.connections_max;
  options.connections_min = std::min(wanted.connections_min, wanted.connections_max);
  options.waiters_max = wanted.waiters_max;
  options.wait_max = wanted.wait_max;
  options.deadline = wanted.timeout;
  options.statement_timeout =
      std::chrono::ceil<std::chrono::milliseconds>(wanted.statement_timeout);
  options.idle_max = wanted.idle_max;
  options.lifetime_max = wanted.lifetime_max;
  options.connect_timeout = connection.value().connect_timeout;
  options.prepared_statements_max = wanted.prepared_statements_max;
  return options;
}

std::vector<executor::OperationConfig> OperationsOf(const config::Config& config) {
  std::vector<executor::OperationConfig> operations = config.operations.operations;
  const auto fill = [](std::chrono::nanoseconds& own, std::chrono::nanoseconds common) {
    if (own == executor::kUnset) own = common;
  };
  for (executor::OperationConfig& operation : operations) {
    if (!operation.spec.cache) continue;
    fill(operation.spec.cache->ttl, config.cache.default_ttl);
    fill(operation.spec.cache->stale_while_revalidate, config.cache.stale_while_revalidate);
    fill(operation.spec.cache->stale_if_error, config.cache.stale_if_error);
  }
  return operations;
}

bool CachesOperations(const config::Config& config) {
  return std::any_of(config.operations.operations.begin(), config.operations.operations.end(),
                     [](const auto& operation) { return operation.spec.cache.has_value(); });
}

}  // namespace pgsidecar::app
