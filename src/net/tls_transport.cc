// The TLS half of Transport, and what both halves share.

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cerrno>

#include "net/socket.h"
#include "net/tls_bio.h"
#include "net/tls_context.h"
#include "net/tls_error.h"

namespace pgsidecar::net {

void SslDeleter::operator()(ssl_st* target) const { SSL_free(target); }

IoResult Transport::Failed() const {
  errno = errno_;
  return {IoStatus::kFailed};
}

void Transport::Fail(int ssl_error) {
  const int system_error = SocketBioError(SSL_get_rbio(ssl_.get()));
  reason_ = ERR_peek_error();
  if (ssl_error == SSL_ERROR_SYSCALL && system_error != 0) {
    errno_ = system_error;
    reason_ = 0;  // OpenSSL 3.5 queues whatever errno is by now.
  } else if (ERR_GET_REASON(reason_) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    errno_ = ECONNRESET;
  } else {
    errno_ = EPROTO;
  }
}

IoResult Transport::ReceiveTls(char* into, std::size_t size) {
  std::size_t total = 0;
  wants_write_ = unread_ = false;
  while (total < size && !ended_ && errno_ == 0) {
    std::size_t got = 0;
    ERR_clear_error();
    if (SSL_read_ex(ssl_.get(), into + total, size - total, &got) == 1) {
      total += got;
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), 0);
    if (error == SSL_ERROR_ZERO_RETURN) {
      ended_ = true;
    } else if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
      wants_write_ = error == SSL_ERROR_WANT_WRITE;
      more_ = false;
      return {total > 0 ? IoStatus::kDone : IoStatus::kBlocked, total};
    } else {
      Fail(error);
    }
  }
  more_ = total > 0;
  if (total > 0) return {IoStatus::kDone, total};
  return errno_ != 0 ? Failed() : IoResult{IoStatus::kEnd};
}

IoResult Transport::SendTls(std::string_view bytes) {
  std::size_t total = 0;
  while (total < bytes.size() && errno_ == 0) {
    // One record at a time: given more, OpenSSL says nothing of the records that went out when a
    // later one does not, and whoever waits for progress sees none.
    const std::size_t record = std::min(
        record_ > 0 ? record_ : std::size_t{SSL3_RT_MAX_PLAIN_LENGTH}, bytes.size() - total);
    std::size_t sent = 0;
    ERR_clear_error();
    if (SSL_write_ex(ssl_.get(), bytes.data() + total, record, &sent) == 1) {
      total += sent;
      record_ = 0;
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), 0);
    if (error == SSL_ERROR_WANT_WRITE) {
      record_ = record;
      return {total > 0 ? IoStatus::kDone : IoStatus::kBlocked, total};
    }
    // To want reading here takes a peer that splits a post-handshake message over records. Nobody
    // does; waiting for it would turn a loop that waits for a writable socket without end.
    Fail(error);
  }
  if (total == 0 && errno_ != 0) return Failed();
  return {IoStatus::kDone, total};
}

bool Transport::PendingTls() const {
  if (ssl_ == nullptr) return false;
  return ended_ || errno_ != 0 || SSL_has_pending(ssl_.get()) == 1;
}

void Transport::ShutdownWrite() {
  if (ssl_ != nullptr && errno_ == 0) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
  }
  ::shutdown(fd_.get(), SHUT_WR);
}

std::int64_t Transport::peer_not_after() const {
  return ssl_ == nullptr ? 0 : NotAfter(SSL_get0_peer_certificate(ssl_.get()));
}

std::string Transport::failure_text() const {
  const std::string text = TlsErrorText(reason_);
  return text.empty() ? ErrnoText(errno) : text;
}

}  // namespace pgsidecar::net
