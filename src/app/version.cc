#include "app/version.h"

namespace pgsidecar::app {

std::string_view Version() { return PGSIDECAR_VERSION; }

std::string_view Revision() { return PGSIDECAR_REVISION; }

std::string_view Compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "gcc " __VERSION__;
#endif
}

std::string_view FingerprintVersion() { return PGSIDECAR_PG_QUERY_VERSION; }

}  // namespace pgsidecar::app
