// The floor of the benchmarks: a 1:1 TCP relay on level-triggered epoll that looks at no byte.
// One recv and one send per wake-up and direction, as any relay needs. `bare_relay LISTENPORT HOST
// PORT` runs until it is killed.
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "base/unique_fd.h"

namespace {

using pgsidecar::UniqueFd;

constexpr std::size_t kWindowBytes = 65536;

/// One socket of a pair, and what its peer read but it did not take yet.
struct End {
  UniqueFd fd;
  End* peer = nullptr;
  bool dead = false;
  bool writing = false;  ///< Waits for EPOLLOUT; the peer is not read meanwhile.
  std::vector<char> pending;
};

[[noreturn]] void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

class Relay {
 public:
  Relay(const char* listen_port, const char* host, const char* port);
  [[noreturn]] void Run();

 private:
  void Accept();
  void Readable(End& end);
  void Writable(End& end);
  void Watch(End& end, bool add);
  void Close(End& end);

  UniqueFd epoll_{epoll_create1(EPOLL_CLOEXEC)};
  UniqueFd listener_;
  addrinfo* upstream_ = nullptr;
  std::array<char, kWindowBytes> window_;
  std::vector<End*> closed_;
};

UniqueFd Listen(const char* port) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_flags = AI_NUMERICHOST;
  addrinfo* address = nullptr;
  if (getaddrinfo("127.0.0.1", port, &hints, &address) != 0) Die("listen port");
  if (bind(fd.get(), address->ai_addr, address->ai_addrlen) != 0) Die("bind");
  if (listen(fd.get(), 1024) != 0) Die("listen");
  freeaddrinfo(address);
  return fd;
}

Relay::Relay(const char* listen_port, const char* host, const char* port)
    : listener_(Listen(listen_port)) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  if (getaddrinfo(host, port, &hints, &upstream_) != 0) Die("upstream");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, listener_.get(), &event);
}

void Relay::Watch(End& end, bool add) {
  epoll_event event{};
  event.events =
      (end.peer->writing ? 0U : unsigned{EPOLLIN}) | (end.writing ? unsigned{EPOLLOUT} : 0U);
  event.data.ptr = &end;
  epoll_ctl(epoll_.get(), add ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, end.fd.get(), &event);
}

void Relay::Accept() {
  UniqueFd client(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!client) return;
  UniqueFd server(socket(upstream_->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(server.get(), upstream_->ai_addr, upstream_->ai_addrlen) != 0) return;
  const int on = 1;
  auto front = std::make_unique<End>();
  auto back = std::make_unique<End>();
  front->fd = std::move(client);
  back->fd = std::move(server);
  front->peer = back.get();
  back->peer = front.get();
  for (End* end : {front.get(), back.get()}) {
    setsockopt(end->fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Watch(*end, true);
  }
  front.release();  // Owned by the epoll set until Close().
  back.release();
}

void Relay::Close(End& end) {
  for (End* each : {&end, end.peer}) {
    each->dead = true;
    each->fd.reset();
    closed_.push_back(each);
  }
}

void Relay::Readable(End& end) {
  const ssize_t got = recv(end.fd.get(), window_.data(), window_.size(), MSG_DONTWAIT);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) return Close(end);
  ssize_t sent = send(end.peer->fd.get(), window_.data(), static_cast<std::size_t>(got),
                      MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && errno != EAGAIN) return Close(end);
  if (sent == got) return;
  if (sent < 0) sent = 0;
  end.peer->pending.assign(window_.begin() + sent, window_.begin() + got);
  end.peer->writing = true;
  Watch(end, false);
  Watch(*end.peer, false);
}

void Relay::Writable(End& end) {
  const ssize_t sent =
      send(end.fd.get(), end.pending.data(), end.pending.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && errno == EAGAIN) return;
  if (sent < 0) return Close(end);
  end.pending.erase(end.pending.begin(), end.pending.begin() + sent);
  if (!end.pending.empty()) return;
  end.writing = false;
  Watch(end, false);
  Watch(*end.peer, false);
}

void Relay::Run() {
  std::array<epoll_event, 64> events;
  for (;;) {
    const int count = epoll_wait(epoll_.get(), events.data(), events.size(), -1);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      End* end = static_cast<End*>(event.data.ptr);
      if (end == nullptr) {
        Accept();
      } else if (!end->dead && (event.events & EPOLLOUT) != 0) {
        Writable(*end);
      } else if (!end->dead) {
        Readable(*end);
      }
    }
    for (End* end : closed_) delete end;
    closed_.clear();
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: bare_relay LISTENPORT HOST PORT\n");
    return 2;
  }
  std::make_unique<Relay>(argv[1], argv[2], argv[3])->Run();
}
