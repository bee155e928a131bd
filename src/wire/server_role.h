#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "wire/options.h"

namespace pgsidecar::wire {

/// What a PostgreSQL server says of itself at a login, in ParameterStatus (PostgreSQL 14 and later;
/// older ones leave both unknown).
struct ServerRole {
  std::optional<bool> hot_standby;  ///< in_hot_standby
  std::optional<bool> read_only;    ///< default_transaction_read_only

  /// Takes in one ParameterStatus, whatever it is about.
  void Note(std::string_view name, std::string_view value);
  bool known() const { return hot_standby.has_value(); }
};

enum class Suitability : std::uint8_t { kYes, kUnknown, kNo };

/// Whether a server of this role is what `target` asks for (PostgreSQL manual,
/// "target_session_attrs"). For kPreferStandby: whether it is a standby.
Suitability Suits(const ServerRole& role, TargetSession target);

/// `read-write`, as libpq spells it.
std::string_view Name(TargetSession target);

}  // namespace pgsidecar::wire
