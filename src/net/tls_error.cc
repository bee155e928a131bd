#include "net/tls_error.h"

#include <openssl/err.h>

#include "net/socket.h"

namespace pgsidecar::net {

std::string TlsErrorText(unsigned long code) {
  if (code == 0) return "";
  if (ERR_SYSTEM_ERROR(code)) return ErrnoText(ERR_GET_REASON(code));
  const char* const text = ERR_reason_error_string(code);
  return text != nullptr ? text : "OpenSSL error " + std::to_string(code);
}

}  // namespace pgsidecar::net
