#pragma once

#include <string>

namespace pgsidecar::admin {

struct AdminOptions {
  std::string listen = "127.0.0.1:9432";
  /// Whether `listen` may be another address than loopback although everybody may then read.
  /// Checked when the configuration is loaded.
  bool allow_unauthenticated = false;
};

}  // namespace pgsidecar::admin
