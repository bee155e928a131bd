#pragma once

#include <string>

namespace pgsidecar::net {

/// OpenSSL's words for one of its error codes; empty for 0.
std::string TlsErrorText(unsigned long code);

}  // namespace pgsidecar::net
