#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"

namespace pgsidecar::app {

// What only the modules behind a configuration can say about it, one error each as in
// Loaded::errors. Requires: loaded.errors.empty().

/// Certificates and keys that cannot be used.
std::vector<std::string> CheckCertificates(const config::Loaded& loaded);
/// The same, and what only the parser of SQL knows.
std::vector<std::string> Validate(const config::Loaded& loaded);

/// The key of the file of wire.tls that `problem` names.
std::string_view TlsKeyOf(const wire::ClientTls& tls, std::string_view problem);
/// The key of the listener that `problem` names.
std::string_view ListenKeyOf(const wire::WireOptions& options, std::string_view problem);

}  // namespace pgsidecar::app
