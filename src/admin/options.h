#pragma once

#include <string>

namespace pgsidecar::admin {

struct AdminOptions {
  std::string listen = "127.0.0.1:9432";
};

}  // namespace pgsidecar::admin
