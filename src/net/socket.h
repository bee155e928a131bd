#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

struct ssl_st;

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

/// How long sent bytes may stay unacknowledged before the kernel gives the connection up; 0 leaves
/// the system's default. Requires: a TCP socket.
void SetUserTimeout(int fd, std::chrono::milliseconds timeout);

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

struct SslDeleter {
  void operator()(ssl_st* target) const;
};
using SslPtr = std::unique_ptr<ssl_st, SslDeleter>;

/// A non-blocking stream connection, plain or inside TLS. Owns the descriptor. With TLS a fatal
/// error ends both directions: every later call says kFailed.
class Transport {
 public:
  Transport() = default;
  explicit Transport(UniqueFd fd) : fd_(std::move(fd)) {}
  /// Requires: a finished handshake over `fd`.
  Transport(UniqueFd fd, SslPtr ssl) : fd_(std::move(fd)), ssl_(std::move(ssl)) {}

  /// Fewer bytes than asked mean that the socket is drained. With TLS bytes may come from several
  /// records; an end or a failure behind them is what the next call says.
  IoResult Receive(char* into, std::size_t size) {
    if (ssl_ != nullptr) [[unlikely]] {
      return ReceiveTls(into, size);
    }
    return ReceivePlain(into, size);
  }
  /// Like Receive, but the bytes stay. Requires: !encrypted().
  IoResult Peek(char* into, std::size_t size);
  /// May take a part. With TLS, after less than all was taken: Requires that the next call begins
  /// with the bytes that were not, and has at least as many; they may be at another place.
  IoResult Send(std::string_view bytes) {
    if (ssl_ != nullptr) [[unlikely]] {
      return SendTls(bytes);
    }
    return SendPlain(bytes);
  }
  /// Says that we send nothing more: FIN, with TLS a close_notify before it if the socket takes it.
  void ShutdownWrite();

  /// The next Receive has something that no readiness of the descriptor will announce: decrypted
  /// bytes, or an end or failure behind what was received. To be asked after each Receive and once
  /// when TLS is ready, and answered with another Receive or FdWatcher::Activate.
  bool pending() const { return more_ && (unread_ || PendingTls()); }
  /// The last Receive cannot go on before the descriptor is writable, whatever else there is to
  /// read: stop watching for reading, and call Receive once it is writable.
  bool wants_write() const { return wants_write_; }
  bool encrypted() const { return ssl_ != nullptr; }
  /// When the peer's certificate expires, in Unix seconds; 0 if it showed none.
  std::int64_t peer_not_after() const;
  /// Why the last call failed, for a person. Requires: it said kFailed, and errno is as it was.
  std::string failure_text() const;

  bool open() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }
  /// Gives the descriptor away. Requires: !encrypted().
  UniqueFd Release() { return std::move(fd_); }
  /// At once: no close_notify. ShutdownWrite before it makes the end an orderly one.
  void Close() {
    ssl_.reset();
    fd_.reset();
  }

 private:
  IoResult ReceivePlain(char* into, std::size_t size);
  IoResult SendPlain(std::string_view bytes);
  IoResult ReceiveTls(char* into, std::size_t size);
  IoResult SendTls(std::string_view bytes);
  bool PendingTls() const;
  /// Notes why OpenSSL gave up.
  void Fail(int ssl_error);
  IoResult Failed() const;

  UniqueFd fd_;
  int errno_ = 0;  ///< TLS only: not 0 once the connection failed.
  SslPtr ssl_;
  unsigned long reason_ = 0;  ///< OpenSSL's error code, or 0 if errno_ says it all.
  std::size_t record_ = 0;    ///< Bytes in a record that was made but not sent; else 0.
  bool ended_ = false;        ///< TLS only.
  bool wants_write_ = false;
  bool more_ = ssl_ != nullptr;  ///< The last Receive may have left something in TLS.
  /// There was no Receive yet: OpenSSL 3.5 does not tell of bytes that came with the handshake.
  bool unread_ = ssl_ != nullptr;
};

}  // namespace pgsidecar::net
