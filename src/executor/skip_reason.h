#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace pgsidecar::executor {

/// Why a slow statement got no plan: the closed label set `reason`.
enum class SkipReason : std::uint8_t {
  kCommand,        ///< Not SELECT, INSERT, UPDATE, DELETE, MERGE or VALUES.
  kText,           ///< Its text is not known, not to be shown, or only known in part.
  kDatabase,       ///< It ran in another database than the one we connect to.
  kRecent,         ///< It was tried less than `every` ago.
  kQueueFull,      ///< Too many wait.
  kConnection,     ///< No connection, or it broke.
  kServerVersion,  ///< Older than PostgreSQL 12.
  kSuperuser,      ///< The role we connect as is a superuser.
  kTimeout,        ///< Planning took too long, or had to wait for a lock.
  kError,          ///< PostgreSQL does not accept the masked text, or the role may not.
};

constexpr std::array<std::string_view, 10> kSkipReasonNames = {
    "command",    "text",           "database",  "recent",  "queue_full",
    "connection", "server_version", "superuser", "timeout", "error"};

constexpr std::string_view Name(SkipReason reason) {
  return kSkipReasonNames[static_cast<std::size_t>(reason)];
}

}  // namespace pgsidecar::executor
