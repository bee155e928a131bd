#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "metrics/command.h"
#include "metrics/error_class.h"
#include "metrics/registry.h"

namespace pgsidecar::metrics {

/// One finished statement, as the wire front or the executor saw it.
struct Execution {
  Command command = Command::kUnknown;
  bool failed = false;
  Sqlstate sqlstate{};     ///< Meaningful if failed; empty if the server sent none.
  Nanos duration = 0;      ///< Active time, see docs/metrics.md.
  Nanos first_reply = -1;  ///< Start to the first byte of the reply; -1 if there was none.
  Nanos client_stall = 0;  ///< Time the server could not be read because the client did not read.
  std::uint64_t rows_returned = 0;
  std::uint64_t rows_affected = 0;
};

/// The books of one database: every instrument with a `datname` label that counts statements and
/// transactions, resolved once. Thread-safe; all calls are wait-free but for the library's
/// per-histogram mutex. Lives as long as the Recorder.
class DatabaseRecorder {
 public:
  DatabaseRecorder(Registry& registry, std::string_view datname);
  ~DatabaseRecorder();

  const std::string& datname() const { return datname_; }

  /// Counts a finished statement in every family by database: duration, success or error, SQLSTATE,
  /// slow, first reply, stall and rows. Returns whether it was slow (duration above the threshold).
  bool Record(const Execution& execution, const Exemplar* exemplar);
  void AddAborted(std::uint64_t statements);
  void AddAbandoned(std::uint64_t statements);
  void AddSlowGroup();
  void AddParseMessages(std::uint64_t messages);
  void AddTransaction(Nanos duration, bool rolled_back);
  void AddTransactionIdle(Nanos duration);
  /// COPY moved these rows; its duration has metrics of its own (wire).
  void AddCopyRows(std::uint64_t returned, std::uint64_t affected);

  /// Gauges, published by the loop's tick as a sum over its sessions. `loop` tells the
  /// contributions of several loops apart. Times are Unix seconds, 0 for none.
  struct Running {
    double in_flight = 0;
    double slow = 0;
    double oldest_start = 0;
    double oldest_transaction_start = 0;
  };
  void Publish(std::size_t loop, const Running& running);

 private:
  struct Instruments;
  const std::string datname_;
  std::unique_ptr<Instruments> instruments_;
};

/// The one recorder that every data path reports to. Thread-safe.
class Recorder {
 public:
  /// Databases with books of their own, beside `other`.
  static constexpr std::size_t kDatabasesMax = 8;

  explicit Recorder(Registry& registry);
  ~Recorder();

  /// The books of `datname`: at most kDatabasesMax, all others share `other`. Takes a lock: call
  /// once per login, after PostgreSQL accepted it.
  DatabaseRecorder& Database(std::string_view datname);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The series of one (datname, operation, fingerprint): histogram, errors, slow. Thread-safe.
struct StatementSeries {
  Histogram& duration;
  Counter& errors;
  Counter& slow;
  std::atomic<std::uint64_t> rows{
      0};  ///< Returned and affected; for the API, no series of its own.
};

struct StatementLabels {
  std::string_view datname;
  std::string_view operation;
  std::string_view fingerprint;
};

/// The metric families by statement. Only adds, finds and removes series: which statement may have
/// some is decided by sql::Catalogue. Thread-safe; takes a lock, never called on a loop thread.
class StatementFamilies {
 public:
  explicit StatementFamilies(Registry& registry);
  ~StatementFamilies();

  /// Adds the series or finds the ones that a former admission left. Valid until Remove.
  StatementSeries& Add(const StatementLabels& labels);
  void Remove(StatementSeries& series);
  /// Info series: added with the first call for a (fingerprint, operation), removed with the last.
  void AddInfo(const StatementLabels& labels, std::string_view summary, std::string_view query);
  void RemoveInfo(const StatementLabels& labels);
  /// The slow list: moments and durations of the latest slow execution.
  void SetLastSlow(const StatementLabels& labels, double unix_seconds, double duration_seconds);
  void RemoveLastSlow(const StatementLabels& labels);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pgsidecar::metrics
