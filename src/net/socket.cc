#include "net/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace pgsidecar::net {
namespace {

void SetInt(int fd, int level, int option, int value) {
  // Tuning only: a kernel that refuses an option leaves a connection that works.
  setsockopt(fd, level, option, &value, sizeof value);
}

}  // namespace

std::string Endpoint::ToString() const {
  const bool bracket = !is_unix() && host.find(':') != std::string::npos;
  const std::string shown = bracket ? "[" + host + "]" : host;
  return shown + ":" + std::to_string(port);
}

Result<Endpoint> ParseEndpoint(std::string_view text) {
  const Error error{"'" + std::string(text) +
                    "' is not an address; allowed: host:port, [IPv6]:port, /directory:port"};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return error;
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  Endpoint endpoint;
  const auto [end, failure] =
      std::from_chars(digits.data(), digits.data() + digits.size(), endpoint.port);
  if (failure != std::errc() || end != digits.data() + digits.size()) return error;
  if (host.front() == '[') {
    if (host.size() < 3 || host.back() != ']') return error;
    host = host.substr(1, host.size() - 2);
    if (host.find(':') == std::string_view::npos) return error;
    if (host.find_first_of("[]/") != std::string_view::npos) return error;
  } else if (host.find(':') != std::string_view::npos && host.front() != '/') {
    return error;
  }
  endpoint.host = host;
  return endpoint;
}

std::uint16_t SocketAddress::port() const {
  if (storage.ss_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
  }
  if (storage.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
  }
  return 0;
}

std::string SocketAddress::ToString() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&storage)->sin_addr, text,
              sizeof text);
  } else if (storage.ss_family == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_addr, text,
              sizeof text);
  } else {
    return "unix";
  }
  return Endpoint{.host = text, .port = port()}.ToString();
}

Result<SocketAddress> UnixAddress(const std::string& path) {
  SocketAddress address;
  auto* target = reinterpret_cast<sockaddr_un*>(&address.storage);
  if (path.size() >= sizeof target->sun_path) {
    return Error{"socket path '" + path + "' is longer than " +
                 std::to_string(sizeof target->sun_path - 1) + " bytes"};
  }
  target->sun_family = AF_UNIX;
  std::memcpy(target->sun_path, path.c_str(), path.size() + 1);
  address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return address;
}

void TuneTcp(int fd, const Keepalive& keepalive) {
  SetInt(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  SetInt(fd, SOL_SOCKET, SO_KEEPALIVE, keepalive.on ? 1 : 0);
  if (!keepalive.on) return;
  SetInt(fd, IPPROTO_TCP, TCP_KEEPIDLE, keepalive.idle_s);
  SetInt(fd, IPPROTO_TCP, TCP_KEEPINTVL, keepalive.interval_s);
  SetInt(fd, IPPROTO_TCP, TCP_KEEPCNT, keepalive.count);
}

void SetUserTimeout(int fd, std::chrono::milliseconds timeout) {
  if (timeout.count() > 0) {
    SetInt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(timeout.count()));
  }
}

UniqueFd NewSocket(int family) {
  return UniqueFd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

std::string ErrnoText(int error) {
  char buffer[128];
  std::string text = strerror_r(error, buffer, sizeof buffer);  // The GNU one: returns the text.
  if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
  return text;
}

namespace {

IoResult ReceiveFrom(int fd, char* into, std::size_t size, int flags) {
  for (;;) {
    const ssize_t got = ::recv(fd, into, size, flags);
    if (got > 0) return {IoStatus::kDone, static_cast<std::size_t>(got)};
    if (got == 0) return {IoStatus::kEnd};
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {IoStatus::kBlocked};
    if (errno != EINTR) return {IoStatus::kFailed};
  }
}

}  // namespace

IoResult Transport::ReceivePlain(char* into, std::size_t size) {
  return ReceiveFrom(fd_.get(), into, size, 0);
}

IoResult Transport::Peek(char* into, std::size_t size) {
  return ReceiveFrom(fd_.get(), into, size, MSG_PEEK);
}

IoResult Transport::SendPlain(std::string_view bytes) {
  for (;;) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) return {IoStatus::kDone, static_cast<std::size_t>(sent)};
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {IoStatus::kBlocked};
    if (errno != EINTR) return {IoStatus::kFailed};
  }
}

}  // namespace pgsidecar::net
