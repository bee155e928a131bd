#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace pgsidecar::net {

/// Where to listen or connect: a TCP host and port, or the directory of a Unix socket and the
/// number in its name (`/run/app:6432` is `/run/app/.s.PGSQL.6432`).
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;

  bool is_unix() const { return !host.empty() && host.front() == '/'; }
  std::string unix_path() const { return host + "/.s.PGSQL." + std::to_string(port); }
  /// `db:5432`, `[::1]:5432`, `/run/app:5432`.
  std::string ToString() const;
};

/// Reads `host:port`, `[v6]:port` or `/directory:port`. The error names the text.
Result<Endpoint> ParseEndpoint(std::string_view text);

/// The address of a socket as the kernel has it.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  bool is_unix() const { return storage.ss_family == AF_UNIX; }
  std::uint16_t port() const;  ///< 0 for a Unix socket.
  /// `10.0.0.7:5432`, `[::1]:5432`, `unix`.
  std::string ToString() const;
};

/// The address of a Unix socket. Fails if the path is longer than the kernel allows.
Result<SocketAddress> UnixAddress(const std::string& path);

/// What happens to a quiet TCP connection, on both legs.
struct Keepalive {
  bool on = true;
  int idle_s = 60;
  int interval_s = 10;
  int count = 6;
};

/// Sets TCP_NODELAY and keepalives. Requires: a TCP socket.
void TuneTcp(int fd, const Keepalive& keepalive);

/// A non-blocking stream socket of this family, or none and errno.
UniqueFd NewSocket(int family);

/// The operating system's words for an errno, first letter in lower case, as they stand in the
/// middle of a sentence.
std::string ErrnoText(int error);

enum class IoStatus : std::uint8_t {
  kDone,     ///< `bytes` were moved; more than 0.
  kBlocked,  ///< Nothing can be moved now.
  kEnd,      ///< Receive only: the peer will send nothing more.
  kFailed,   ///< The connection is gone; errno says why.
};

struct IoResult {
  IoStatus status;
  std::size_t bytes = 0;
};

/// A plain, non-blocking stream connection. Owns the descriptor.
class Transport {
 public:
  Transport() = default;
  explicit Transport(UniqueFd fd) : fd_(std::move(fd)) {}

  IoResult Receive(char* into, std::size_t size);
  IoResult Send(std::string_view bytes);
  /// Says that we send nothing more (FIN).
  void ShutdownWrite();

  int fd() const { return fd_.get(); }
  UniqueFd Release() { return std::move(fd_); }
  void Close() { fd_.reset(); }

 private:
  UniqueFd fd_;
};

}  // namespace pgsidecar::net
