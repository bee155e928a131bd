#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace pgsidecar::wire {

/// Where PostgreSQL is. Parsed from a libpq URI; comma lists of hosts come with a later release.
struct Upstream {
  std::string host = "127.0.0.1";  ///< Name, address, or a directory with a Unix socket.
  std::uint16_t port = 5432;
  std::chrono::nanoseconds connect_timeout = std::chrono::seconds(5);

  bool is_unix() const { return !host.empty() && host.front() == '/'; }
  /// `db:5432`, `[::1]:5432`, `/run/postgresql:5432`: for logs, errors and the label `upstream`.
  std::string ToString() const;
};

struct WireOptions {
  Upstream upstream;
  /// `127.0.0.1:6432`, `[::1]:6432`, `/run/pgsidecar:6432` (socket `.s.PGSQL.6432` in that
  /// directory).
  std::vector<std::string> listen = {"127.0.0.1:6432"};
  std::uint32_t max_clients = 1000;
  std::uint32_t max_prelude =
      256;  ///< Connections that have not sent a StartupMessage, beside max_clients.
  std::chrono::nanoseconds login_timeout = std::chrono::seconds(60);
  std::chrono::nanoseconds write_stall_timeout = std::chrono::hours(1);
  std::chrono::nanoseconds drain_accept_for = std::chrono::seconds(5);
  std::chrono::nanoseconds drain_timeout = std::chrono::seconds(25);
  bool cancel_on_disconnect = true;
  std::uint64_t observe_memory_bytes = 256ULL << 20;
  std::chrono::nanoseconds slow_query_threshold = std::chrono::seconds(1);
};

}  // namespace pgsidecar::wire
