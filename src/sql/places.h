#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "sql/catalogue.h"
#include "sql/identity.h"
#include "sql/instruments.h"
#include "sql/operation_names.h"
#include "sql/place.h"
#include "sql/slow_list.h"

namespace pgsidecar::sql {

/// Every place that a cell or a series refers to, and which of them have series. Thread-safe; the
/// mutex is taken by the cold worker, by answers of the API, and by loops only when they meet a
/// database for the first time or give up waiting for the worker.
class Places {
 public:
  Places(const StatementOptions& options, metrics::Registry& registry, const Clock& clock);

  /// The place for all statements of a database without series of their own.
  Place& Other(const std::string& datname);

  struct Request {
    const std::string* datname;
    std::string name;  ///< From a comment; empty for none.
    metrics::Command command;
  };
  /// The place of an identified statement, with one more reference in `cells`.
  Place& Resolve(const Request& request, const Identity& identity);

  /// Admission, eviction, the slow list, and forgetting what nothing refers to.
  void Maintain();
  std::vector<StatementRow> Snapshot() const;

  Instruments& instruments() { return instruments_; }
  const OperationNames& names() const { return names_; }
  void SetNames(OperationNames names) { names_ = std::move(names); }

 private:
  // All below: mutex_ is held.
  Statement& StatementOf(const Identity& identity, metrics::Command command);
  std::string OperationOf(const Request& request, const Statement& statement, bool* pinned) const;
  void Admit(Place& place, Nanos now);
  void Evict(Place& place, Nanos now);
  void RemoveSeries(Place& place);
  bool HasFreePlace() const { return tracked_ < limit_; }
  void AdmitWaiting(Nanos now);
  void Compete(Nanos now);
  void VisitSlow();
  void Forget(Nanos now);

  // Constant after construction.
  const std::uint32_t limit_;
  const Nanos grace_;
  const TextPolicy policy_;
  const Clock& clock_;
  OperationNames names_;

  Instruments instruments_;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  metrics::StatementFamilies families_;
  SlowList slow_list_;
  std::map<std::string, std::unique_ptr<Place>, std::less<>> others_;  ///< By datname; never freed.
  std::unordered_map<std::string, std::unique_ptr<Statement>> statements_;
  std::unordered_map<std::string, std::unique_ptr<Place>> places_;
  std::uint32_t tracked_ = 0;
  std::size_t text_bytes_ = 0;  ///< Of all statements.
  Nanos window_start_;
  Statement other_statement_;
};

}  // namespace pgsidecar::sql
