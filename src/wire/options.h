#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "net/socket.h"

namespace pgsidecar::wire {

/// The words of libpq for how much TLS the upstream leg must have (PostgreSQL manual, "SSL Mode
/// Descriptions"). With a root certificate the server's certificate is checked in every mode that
/// can have TLS. `kPrefer` goes on in plaintext only if the server answered `N`.
enum class SslMode : std::uint8_t { kDisable, kPrefer, kRequire, kVerifyCa, kVerifyFull };

/// Which server a session may end up on (PostgreSQL manual, "target_session_attrs").
enum class TargetSession : std::uint8_t {
  kAny,
  kReadWrite,
  kReadOnly,
  kPrimary,
  kStandby,
  kPreferStandby,
};

/// One PostgreSQL server of the list.
struct UpstreamHost {
  std::string host = "127.0.0.1";  ///< Name, address, or a directory with a Unix socket.
  std::string hostaddr;            ///< An address to connect to instead of looking `host` up.
  std::uint16_t port = 5432;

  bool is_unix() const { return hostaddr.empty() && !host.empty() && host.front() == '/'; }
  /// `db:5432`, `[::1]:5432`, `/run/postgresql:5432`: for logs, errors and the label `upstream`.
  std::string ToString() const;
  net::Endpoint endpoint() const { return {hostaddr.empty() ? host : hostaddr, port}; }
};

/// Where PostgreSQL is. Parsed from a libpq URI (config/upstream.h), 1 to 16 hosts.
struct Upstream {
  std::vector<UpstreamHost> hosts = {UpstreamHost()};
  SslMode sslmode = SslMode::kPrefer;
  std::string sslrootcert;  ///< A file, `system` for the system's own, or empty.
  std::string sslcert;      ///< Our own certificate, shown to servers that ask; or empty.
  std::string sslkey;       ///< Its key. Both or none.
  TargetSession target_session_attrs = TargetSession::kAny;
  std::chrono::nanoseconds connect_timeout = std::chrono::seconds(5);  ///< Of each address.
  net::Keepalive keepalive;
  std::chrono::milliseconds tcp_user_timeout{0};  ///< 0: the system's default.
  /// For connections of our own (EXPLAIN); the relay never uses them.
  std::string user, password, dbname;

  bool any_unix() const;
  /// All hosts, separated by commas.
  std::string ToString() const;
};

/// Whether clients may, or must, encrypt. Unix sockets are always plaintext, as in PostgreSQL.
enum class ClientTlsMode : std::uint8_t { kOff, kAllow, kRequire };

struct ClientTls {
  ClientTlsMode mode = ClientTlsMode::kOff;
  std::string cert_file;       ///< PEM: our certificate and its chain.
  std::string key_file;        ///< PEM.
  std::string client_ca_file;  ///< If set, clients must show a certificate signed by one in it.
};

struct WireOptions {
  Upstream upstream;
  /// `127.0.0.1:6432`, `[::1]:6432`, `/run/pgsidecar:6432` (socket `.s.PGSQL.6432` in that
  /// directory).
  std::vector<std::string> listen = {"127.0.0.1:6432"};
  /// The same for listeners that relay every byte undecoded: TLS is the client's own matter, and
  /// there are no statement metrics.
  std::vector<std::string> pass_through_listen;
  ClientTls tls;
  bool allow_shared_identity = false;  ///< Checked when the configuration is loaded.
  std::uint32_t threads = 1;           ///< 0: one for each processor this process may use.
  std::uint32_t max_clients = 1000;
  std::uint32_t max_prelude =
      256;  ///< Connections that have not sent a StartupMessage, beside max_clients.
  std::uint32_t max_cancels = 256;               ///< CancelRequests of clients at the same time.
  std::uint32_t max_queued_messages = 262'144;   ///< Per session, waiting for their replies.
  std::uint32_t max_prepared_statements = 4096;  ///< Names known per session.
  std::chrono::nanoseconds login_timeout = std::chrono::seconds(60);
  std::chrono::nanoseconds write_stall_timeout = std::chrono::hours(1);
  std::chrono::nanoseconds drain_accept_for = std::chrono::seconds(5);
  std::chrono::nanoseconds drain_timeout = std::chrono::seconds(25);
  bool cancel_on_disconnect = true;
  std::uint64_t observe_memory_bytes = 256ULL << 20;
  std::chrono::nanoseconds slow_query_threshold = std::chrono::seconds(1);
};

}  // namespace pgsidecar::wire
