#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

#include "pgsidecar/outcome.h"
#include "pgsidecar/parameters.h"
#include "pgsidecar/rows.h"

namespace pgsidecar {

enum class Isolation : std::uint8_t { kDefault, kReadCommitted, kRepeatableRead, kSerializable };

struct TransactionOptions {
  Isolation isolation = Isolation::kDefault;
  bool read_only = false;
  bool deferrable = false;
  /// Of the whole block, from Begin on. 0: the executor's deadline, for each statement anew.
  std::chrono::nanoseconds deadline{0};
  std::chrono::milliseconds statement_timeout{0};  ///< 0: the executor's.
  /// For QueryExecutor::Transact: run it again on SQLSTATE 40001 and 40P01.
  bool retry_conflicts = false;
  std::string_view traceparent{};  ///< Must live as long as the transaction.
};

/// An open transaction block and the connection it has for itself. One thread at a time. Rolls back
/// when destroyed. Must not outlive its executor.
class Transaction {
 public:
  class State;
  explicit Transaction(std::unique_ptr<State> state);
  Transaction(Transaction&&) noexcept;
  Transaction& operator=(Transaction&&) noexcept;
  ~Transaction();

  /// After an error PostgreSQL refuses all but Rollback (SQLSTATE 25P02).
  Outcome<Rows> Execute(std::string_view sql, const Parameters& parameters = {});
  /// Of a block that has failed PostgreSQL makes a rollback: that is an error here (25P02). An
  /// error that is in_doubt leaves open whether it was committed.
  Outcome<Done> Commit();
  /// Does nothing if the block is over.
  void Rollback();

 private:
  std::unique_ptr<State> state_;
};

}  // namespace pgsidecar
