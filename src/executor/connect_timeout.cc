#include <algorithm>

#include "executor/connection.h"

namespace pgsidecar::executor {

std::string WithConnectTimeout(const std::string& connection, std::chrono::nanoseconds timeout) {
  if (connection.find("connect_timeout") != std::string::npos) return connection;
  const auto seconds = std::max<std::chrono::seconds::rep>(
      2, std::chrono::ceil<std::chrono::seconds>(timeout).count());
  const bool uri = connection.starts_with("postgresql://") || connection.starts_with("postgres://");
  const char* separator = " ";
  if (uri) separator = connection.find('?') == std::string::npos ? "?" : "&";
  return connection + separator + "connect_timeout=" + std::to_string(seconds);
}

}  // namespace pgsidecar::executor
