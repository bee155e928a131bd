#pragma once

#include <string_view>

namespace pgsidecar::app {

std::string_view Version();   ///< `0.1.0`.
std::string_view Revision();  ///< The commit at which the build was configured, or `unknown`.
std::string_view Compiler();  ///< `gcc 12.2.0`.
/// The PostgreSQL grammar behind statement fingerprints: `15.1`. Equal versions make equal ids.
std::string_view FingerprintVersion();

}  // namespace pgsidecar::app
