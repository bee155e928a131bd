#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cache/cache_metrics.h"

namespace pgsidecar::cache {

/// Why Redis was no help. `refused` is every error reply without a case of its own, and a server
/// that is too old.
using RedisFailure = StoreError;

constexpr std::string_view Name(RedisFailure failure) {
  return kStoreErrorNames[static_cast<std::size_t>(failure)];
}

/// What an error reply is a case of: by its first word, as in `-NOAUTH Authentication required.`
RedisFailure Classify(std::string_view error_reply);

/// The error reply says that this write had no room (`-OOM`), and nothing about the server.
bool IsOutOfMemory(std::string_view error_reply);

/// An error reply as a log line may have it: its first words, never a value it quotes.
std::string ErrorWords(std::string_view error_reply);

}  // namespace pgsidecar::cache
