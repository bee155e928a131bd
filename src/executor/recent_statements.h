#pragma once

#include <string>
#include <unordered_map>

#include "base/clock.h"

namespace pgsidecar::executor {

/// When statements were last tried, at most 1 024 of them. Not thread-safe: its owner locks.
class RecentStatements {
 public:
  static constexpr std::size_t kMax = 1024;

  explicit RecentStatements(Nanos every) : every_(every) {}

  /// Whether `statement` was remembered less than `every` before `now`.
  bool Has(const std::string& statement, Nanos now) const;
  /// Remembers it. Beyond kMax the one that was remembered first is forgotten.
  void Add(const std::string& statement, Nanos now);
  /// It may be tried again at once.
  void Forget(const std::string& statement) { tried_.erase(statement); }
  std::size_t size() const { return tried_.size(); }

 private:
  void MakeRoom(Nanos now);

  const Nanos every_;
  std::unordered_map<std::string, Nanos> tried_;
};

}  // namespace pgsidecar::executor
