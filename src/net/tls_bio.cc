#include "net/tls_bio.h"

#include <openssl/bio.h>
#include <sys/socket.h>

#include <cerrno>

namespace pgsidecar::net {
namespace {

struct Socket {
  int fd;
  bool ended = false;  ///< The peer sent FIN.
  int error = 0;       ///< See SocketBioError.
};

Socket& SocketOf(BIO* bio) { return *static_cast<Socket*>(BIO_get_data(bio)); }

/// Notes why a call failed. Returns whether it may be made again.
bool MayRetry(Socket& socket) {
  if (errno == EAGAIN || errno == EWOULDBLOCK) return true;
  socket.error = errno;
  return false;
}

int Read(BIO* bio, char* into, int size) {
  Socket& socket = SocketOf(bio);
  BIO_clear_retry_flags(bio);
  ssize_t got = 0;
  do {
    got = ::recv(socket.fd, into, static_cast<std::size_t>(size), 0);
  } while (got < 0 && errno == EINTR);
  if (got == 0) socket.ended = true;
  if (got < 0 && MayRetry(socket)) BIO_set_retry_read(bio);
  return static_cast<int>(got);
}

int Write(BIO* bio, const char* bytes, int size) {
  Socket& socket = SocketOf(bio);
  BIO_clear_retry_flags(bio);
  ssize_t sent = 0;
  do {
    sent = ::send(socket.fd, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0 && MayRetry(socket)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

long Control(BIO* bio, int command, long /*number*/, void* /*argument*/) {
  if (command == BIO_CTRL_EOF) return SocketOf(bio).ended ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

int Destroy(BIO* bio) {
  delete static_cast<Socket*>(BIO_get_data(bio));
  return 1;
}

BIO_METHOD* NewMethod() {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
  if (method == nullptr) return nullptr;
  BIO_meth_set_read(method, &Read);
  BIO_meth_set_write(method, &Write);
  BIO_meth_set_ctrl(method, &Control);
  BIO_meth_set_destroy(method, &Destroy);
  return method;
}

}  // namespace

bio_st* NewSocketBio(int fd) {
  // A constant table; OpenSSL has no way to write one at compile time.
  static const BIO_METHOD* const method = NewMethod();
  BIO* bio = method == nullptr ? nullptr : BIO_new(method);
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, new Socket{.fd = fd});
  BIO_set_init(bio, 1);
  return bio;
}

int SocketBioError(bio_st* bio) { return SocketOf(bio).error; }

}  // namespace pgsidecar::net
