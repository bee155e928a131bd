#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace pgsidecar::executor {

struct ServerAddress {
  std::string host;      ///< Name, address, or a directory with a Unix socket.
  std::string hostaddr;  ///< Address to use instead of looking `host` up, or empty.
  std::uint16_t port = 5432;
};

/// Where and as whom to connect. What is empty is left to libpq: its environment variables, its
/// password file, its defaults.
struct ConnectionOptions {
  std::vector<ServerAddress> hosts;
  std::string sslmode;  ///< A word of libpq, as are the next ones.
  std::string sslrootcert, sslcert, sslkey;
  std::string target_session_attrs;
  std::chrono::nanoseconds connect_timeout = std::chrono::seconds(5);
  std::chrono::milliseconds tcp_user_timeout{0};  ///< 0: the system's.
  std::string user, password, dbname;
};

/// The keyword/value connection string of libpq (PostgreSQL manual, section "Connection Strings").
/// It holds the password: never log it. Nothing in it comes from a client of the relay.
std::string ConnectionString(const ConnectionOptions& options);

}  // namespace pgsidecar::executor
