#include "unit/cache/redis_proxy.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <deque>

#include "net/socket.h"

namespace pgsidecar::cache {
namespace {

using Clock = std::chrono::steady_clock;

/// Makes close() send a reset instead of an orderly end.
void CloseWithReset(UniqueFd& fd) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  fd.reset();
}

bool SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

/// False at the end of the connection.
bool ReceiveSome(int fd, std::string& into) {
  std::array<char, 65536> buffer;
  const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got > 0) into.assign(buffer.data(), static_cast<std::size_t>(got));
  return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

UniqueFd ConnectTo(const std::string& path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = net::UnixAddress(path);
  if (::connect(fd.get(), address.value().get(), address.value().length) != 0) fd.reset();
  return fd;
}

}  // namespace

struct RedisProxy::Pair {
  struct Piece {
    Clock::time_point due;
    std::string bytes;
  };
  UniqueFd client;
  UniqueFd redis;
  std::deque<Piece> late;
  bool halved = false;  ///< Nothing more arrives.
  bool over = false;

  void Reset() {
    CloseWithReset(client);
    over = true;
  }
};

RedisProxy::RedisProxy(std::string redis_socket) : redis_socket_(std::move(redis_socket)) {
  listener_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(listener_.get(), raw, length), 0);
  EXPECT_EQ(::listen(listener_.get(), 64), 0);
  ::getsockname(listener_.get(), raw, &length);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

RedisProxy::~RedisProxy() {
  stopping_ = true;
  thread_.join();
}

void RedisProxy::Run() {
  while (!stopping_) {
    std::vector<pollfd> fds = {{.fd = listener_.get(), .events = POLLIN, .revents = 0}};
    for (const auto& pair : pairs_) {
      fds.push_back({.fd = pair->client.get(), .events = POLLIN, .revents = 0});
      // What is held back waits in the kernel.
      const bool held = fault_ == ProxyFault::kHold || pair->halved;
      fds.push_back({.fd = held ? -1 : pair->redis.get(), .events = POLLIN, .revents = 0});
    }
    ::poll(fds.data(), fds.size(), 1);
    if (reset_all_.exchange(false)) {
      for (const auto& pair : pairs_) pair->Reset();
    }
    for (const auto& pair : pairs_) {
      if (!pair->over) Serve(*pair);
    }
    std::erase_if(pairs_, [](const auto& pair) { return pair->over; });
    if (fds[0].revents != 0) Accept();
    open_ = static_cast<int>(pairs_.size());
  }
}

void RedisProxy::Accept() {
  UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!client) return;
  ++accepted_;
  if (fault_ == ProxyFault::kRefuse) return CloseWithReset(client);
  UniqueFd redis = ConnectTo(redis_socket_);
  if (!redis) return CloseWithReset(client);
  const int on = 1;
  ::setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  auto pair = std::make_unique<Pair>();
  pair->client = std::move(client);
  pair->redis = std::move(redis);
  pairs_.push_back(std::move(pair));
}

void RedisProxy::Serve(Pair& pair) {
  std::string bytes;
  if (!ReceiveSome(pair.client.get(), bytes) || !SendAll(pair.redis.get(), bytes)) {
    pair.over = true;
    return;
  }
  if (fault_ == ProxyFault::kHold || pair.halved) return;
  TakeReply(pair);
  if (!pair.over) Release(pair);
}

void RedisProxy::TakeReply(Pair& pair) {
  std::string bytes;
  if (!ReceiveSome(pair.redis.get(), bytes)) {
    pair.over = pair.late.empty();
    return;
  }
  if (bytes.empty()) return;
  const std::string half = bytes.substr(0, bytes.size() / 2);
  Clock::time_point due = Clock::now();
  switch (fault_.load()) {
    case ProxyFault::kHalf:
      SendAll(pair.client.get(), half);
      pair.halved = true;
      return;
    case ProxyFault::kReset:
      SendAll(pair.client.get(), half);
      return pair.Reset();
    case ProxyFault::kGarbage:
      bytes = "HTTP/1.1 400 Bad Request\r\n\r\n";
      break;
    case ProxyFault::kHuge:
      bytes = "$2147483647\r\n";
      break;
    case ProxyFault::kDelay:
      due += delay_.load();
      break;
    case ProxyFault::kNone:
    case ProxyFault::kHold:
    case ProxyFault::kRefuse:
      break;
  }
  pair.late.push_back({.due = due, .bytes = std::move(bytes)});
}

void RedisProxy::Release(Pair& pair) {
  while (!pair.late.empty() && pair.late.front().due <= Clock::now()) {
    if (!SendAll(pair.client.get(), pair.late.front().bytes)) pair.over = true;
    pair.late.pop_front();
  }
}

}  // namespace pgsidecar::cache
