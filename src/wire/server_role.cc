#include "wire/server_role.h"

namespace pgsidecar::wire {
namespace {

Suitability When(std::optional<bool> fact) {
  if (!fact) return Suitability::kUnknown;
  return *fact ? Suitability::kYes : Suitability::kNo;
}

std::optional<bool> Not(std::optional<bool> fact) {
  if (!fact) return std::nullopt;
  return !*fact;
}

}  // namespace

void ServerRole::Note(std::string_view name, std::string_view value) {
  if (name == "in_hot_standby") hot_standby = value == "on";
  if (name == "default_transaction_read_only") read_only = value == "on";
}

Suitability Suits(const ServerRole& role, TargetSession target) {
  std::optional<bool> reads_only;
  if (role.hot_standby && role.read_only) reads_only = *role.hot_standby || *role.read_only;
  switch (target) {
    case TargetSession::kAny:
      return Suitability::kYes;
    case TargetSession::kReadWrite:
      return When(Not(reads_only));
    case TargetSession::kReadOnly:
      return When(reads_only);
    case TargetSession::kPrimary:
      return When(Not(role.hot_standby));
    case TargetSession::kStandby:
    case TargetSession::kPreferStandby:
      return When(role.hot_standby);
  }
  return Suitability::kUnknown;
}

std::string_view Name(TargetSession target) {
  switch (target) {
    case TargetSession::kAny:
      return "any";
    case TargetSession::kReadWrite:
      return "read-write";
    case TargetSession::kReadOnly:
      return "read-only";
    case TargetSession::kPrimary:
      return "primary";
    case TargetSession::kStandby:
      return "standby";
    case TargetSession::kPreferStandby:
      return "prefer-standby";
  }
  return "";
}

}  // namespace pgsidecar::wire
