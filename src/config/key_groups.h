#pragma once

#include <vector>

#include "config/keys.h"

namespace pgsidecar::config {

/// `upstream` and `slow_query_threshold`.
std::vector<Key> TrafficKeys();
/// `operations`, `executor.*` and `cache.*`.
std::vector<Key> ExecutorKeys();
/// `cache.redis.*`.
std::vector<Key> RedisKeys();
/// `wire.*` and `drain.*`.
std::vector<Key> WireKeys();

}  // namespace pgsidecar::config
