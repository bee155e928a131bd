#include "unit/admin/http_client.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cstdint>
#include <cstdlib>

namespace pgsidecar::admin {

std::string Answer::Header(std::string_view name) const {
  const std::string wanted = "\r\n" + std::string(name) + ": ";
  const std::size_t start = head.find(wanted);
  if (start == std::string::npos) return "";
  const std::size_t value = start + wanted.size();
  return head.substr(value, head.find("\r\n", value) - value);
}

UniqueFd Connect(const std::string& address) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const std::size_t colon = address.rfind(':');
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(static_cast<std::uint16_t>(std::atoi(address.c_str() + colon + 1)));
  inet_pton(AF_INET, address.substr(0, colon).c_str(), &peer.sin_addr);
  const timeval patience{10, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&peer), sizeof(peer)) != 0) fd.reset();
  return fd;
}

void SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

Answer ReadAnswer(int fd) {
  std::string all;
  std::string chunk(65536, '\0');
  for (ssize_t n; (n = recv(fd, chunk.data(), chunk.size(), 0)) > 0;) {
    all.append(chunk.data(), static_cast<std::size_t>(n));
  }
  Answer answer;
  const std::size_t end = all.find("\r\n\r\n");
  if (!all.starts_with("HTTP/1.1 ") || end == std::string::npos) return answer;
  answer.status = std::atoi(all.c_str() + 9);
  answer.head = all.substr(0, end + 2);
  answer.body = all.substr(end + 4);
  return answer;
}

Answer Exchange(const std::string& address, std::string_view bytes) {
  const UniqueFd fd = Connect(address);
  if (!fd) return {};
  SendAll(fd.get(), bytes);
  return ReadAnswer(fd.get());
}

Answer Ask(const std::string& address, const std::string& method, const std::string& target,
           const std::string& headers) {
  return Exchange(
      address, method + " " + target + " HTTP/1.1\r\nHost: " + address + "\r\n" + headers + "\r\n");
}

}  // namespace pgsidecar::admin
