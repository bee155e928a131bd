#include "wire/cancel_directory.h"

#include <utility>

namespace pgsidecar::wire {

void CancelDirectory::Add(const std::string& key, CancelRoute route) {
  const std::lock_guard lock(mutex_);
  routes_.insert_or_assign(key, std::move(route));
}

void CancelDirectory::Remove(const std::string& key) {
  const std::lock_guard lock(mutex_);
  routes_.erase(key);
}

CancelRoute CancelDirectory::Find(std::string_view key, CancelRoute fallback) const {
  const std::lock_guard lock(mutex_);
  const auto found = routes_.find(std::string(key));
  return found == routes_.end() ? std::move(fallback) : found->second;
}

}  // namespace pgsidecar::wire
