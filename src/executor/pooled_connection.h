#pragma once

#include <atomic>
#include <chrono>
#include <limits>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "executor/connection.h"
#include "executor/telemetry_state.h"

namespace pgsidecar::executor {

/// A statement of one connection.
struct PreparedStatement {
  std::string sql;
  const OperationBooks* operation = nullptr;
  std::string name;  ///< Empty: it is not to be prepared.
  bool prepared = false;
  KnownStatement known;
};

/// The statements of one connection by text, at most so many: the one that was not used for the
/// longest time leaves. One thread at a time.
class PreparedStatements {
 public:
  PreparedStatements(StatementBooks& books, std::size_t limit) : books_(books), limit_(limit) {}
  ~PreparedStatements();

  /// Null if it is not there.
  PreparedStatement* Find(std::string_view sql, const OperationBooks& operation);
  /// Requires: Find has not found it. Valid until it is dropped.
  PreparedStatement& Add(std::string_view sql, const OperationBooks& operation,
                         metrics::DatabaseRecorder& database);
  /// The one that has to leave before another is added; null if there is room.
  PreparedStatement* Surplus();
  void Drop(PreparedStatement& statement);

 private:
  using Order = std::list<PreparedStatement>;
  struct Key {
    std::string_view sql;
    const OperationBooks* operation;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const {
      return std::hash<std::string_view>()(key.sql) ^ std::hash<const void*>()(key.operation);
    }
  };

  StatementBooks& books_;
  const std::size_t limit_;
  Order order_;                                            ///< The last one used first.
  std::unordered_map<Key, Order::iterator, Hash> places_;  ///< Keys are views into order_.
  std::uint64_t last_name_ = 0;
};

/// A connection of the pool and what is known about it. Belongs to who has borrowed it; the keeper
/// and the canceller are further owners while they deal with its deadline.
class PooledConnection {
 public:
  static constexpr Nanos kNoDeadline = std::numeric_limits<Nanos>::max();

  PooledConnection(StatementBooks& books, std::size_t prepared_max)
      : statements(books, prepared_max) {}

  // Constant once it is in the pool.
  Interrupter interrupter;  ///< Before `link`, which uses it.
  std::unique_ptr<Connection> link;
  metrics::DatabaseRecorder* database = nullptr;
  std::uint64_t id = 0;
  Nanos opened = 0;

  // Of who has borrowed it.
  PreparedStatements statements;
  Nanos used = 0;  ///< When it was given back last.
  Nanos lent = 0;
  std::chrono::milliseconds statement_timeout{0};  ///< In force in the session; 0: its default.
  char transaction_status = 'I';

  /// A call begins. `deadline` may be kNoDeadline.
  void Start(Nanos now, Nanos deadline, const PreparedStatement& statement) {
    started_.store(now, std::memory_order_relaxed);
    cell_.store(statement.known.cell.get(), std::memory_order_relaxed);
    operation_.store(statement.operation, std::memory_order_relaxed);
    deadline_.store(deadline, std::memory_order_seq_cst);
  }
  /// It is over. Returns whether it was cancelled: then the connection is not to be used again, as
  /// the cancel request may still be under way.
  bool End() { return deadline_.exchange(kIdle, std::memory_order_acq_rel) == kCancelled; }

  // For the keeper.
  /// The deadline of what runs; kNoDeadline if nothing does, or it is cancelled already.
  Nanos deadline() const {
    const Nanos deadline = deadline_.load(std::memory_order_seq_cst);
    return deadline > kIdle ? deadline : kNoDeadline;
  }
  bool cancelled() const { return deadline_.load(std::memory_order_relaxed) == kCancelled; }
  /// Marks what runs as cancelled; returns false if it is over.
  bool TryCancel(Nanos deadline) {
    return deadline_.compare_exchange_strong(deadline, kCancelled, std::memory_order_acq_rel);
  }
  /// When what runs was started, 0 if nothing does.
  Nanos running_since() const {
    return deadline_.load(std::memory_order_relaxed) == kIdle
               ? 0
               : started_.load(std::memory_order_relaxed);
  }
  /// Requires: a statement was started.
  const Referenced& cell() const { return *cell_.load(std::memory_order_relaxed); }
  const OperationBooks& operation() const { return *operation_.load(std::memory_order_relaxed); }

  /// When the open transaction block was started; 0: there is none.
  void SetTransaction(Nanos since) {
    transaction_since_.store(since, std::memory_order_relaxed);
    transaction_status = since == 0 ? 'I' : 'T';
  }
  Nanos transaction_since() const { return transaction_since_.load(std::memory_order_relaxed); }

 private:
  static constexpr Nanos kIdle = 0;
  static constexpr Nanos kCancelled = -1;

  std::atomic<Nanos> deadline_{kIdle};
  std::atomic<Nanos> started_{0};
  std::atomic<Nanos> transaction_since_{0};
  // Both live as long as the telemetry, so that a reader that is late reads no freed memory.
  std::atomic<const Referenced*> cell_{nullptr};
  std::atomic<const OperationBooks*> operation_{nullptr};
};

}  // namespace pgsidecar::executor
