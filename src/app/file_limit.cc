#include "app/file_limit.h"

#include <sys/resource.h>

#include <string>

namespace pgsidecar::app {

Status EnsureFileLimit(std::uint32_t max_clients) {
  constexpr rlim_t kSpare = 128;
  const rlim_t needed = 2 * rlim_t{max_clients} + kSpare;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= needed) return {};
  const rlimit raised{needed, limit.rlim_max};
  if (needed <= limit.rlim_max && setrlimit(RLIMIT_NOFILE, &raised) == 0) return {};
  return Error{"'" + std::to_string(max_clients) + "' needs " + std::to_string(needed) +
               " open files; allowed: at most " +
               std::to_string(limit.rlim_max < kSpare ? 0 : (limit.rlim_max - kSpare) / 2) +
               " with the limit of " + std::to_string(limit.rlim_max) + " (ulimit -Hn)"};
}

}  // namespace pgsidecar::app
