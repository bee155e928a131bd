#include <algorithm>
#include <mutex>
#include <vector>

#include "metrics/label_value.h"
#include "metrics/query_metrics.h"
#include "metrics/recorder.h"
#include "metrics/sqlstate_counters.h"

namespace pgsidecar::metrics {
namespace {

/// The instruments of one (datname, command).
struct CommandBooks {
  Histogram* duration = nullptr;
  Counter* successes = nullptr;
  Counter* slow = nullptr;
  std::array<Counter*, kErrorClassCount> errors{};
};

CommandBooks OpenBooks(Registry& registry, std::string_view datname, std::string_view command) {
  CommandBooks books;
  books.duration = &registry.AddHistogram(kQueryDurationSeconds, {datname, command});
  books.successes = &registry.AddCounter(kQuerySuccessesTotal, {datname, command});
  books.slow = &registry.AddCounter(kSlowQueriesTotal, {datname, command});
  for (std::size_t i = 0; i < kErrorClassCount; ++i) {
    books.errors[i] =
        &registry.AddCounter(kQueryErrorsTotal, {datname, command, kErrorClassNames[i]});
  }
  return books;
}

/// The earlier of two moments, of which 0 means none.
double Earliest(double left, double right) {
  if (left == 0 || right == 0) return left + right;
  return std::min(left, right);
}

}  // namespace

struct DatabaseRecorder::Instruments {
  Instruments(Registry& registry, const std::string& datname);

  const double slow_threshold_seconds;
  std::array<CommandBooks, kCommandCount> commands;
  SqlstateCounters sqlstates;
  Histogram& first_reply;
  Histogram& transaction_duration;
  Counter& client_stall;
  Counter& transaction_idle;
  Counter& rows_returned;
  Counter& rows_affected;
  Counter& parse_messages;
  Counter& aborted;
  Counter& abandoned;
  Counter& slow_groups;
  Counter& rollbacks;
  Gauge& in_flight;
  Gauge& running_slow;
  Gauge& oldest_query;
  Gauge& oldest_transaction;

  std::mutex mutex;
  std::vector<Running> loops;  // guarded by mutex
};

DatabaseRecorder::Instruments::Instruments(Registry& registry, const std::string& datname)
    : slow_threshold_seconds(registry.slow_threshold_seconds()),
      sqlstates(registry, kQuerySqlstateErrorsTotal, datname),
      first_reply(registry.AddHistogram(kQueryFirstReplySeconds, {datname})),
      transaction_duration(registry.AddHistogram(kTransactionDurationSeconds, {datname})),
      client_stall(registry.AddCounter(kQueryClientStallSecondsTotal, {datname})),
      transaction_idle(registry.AddCounter(kTransactionIdleSecondsTotal, {datname})),
      rows_returned(registry.AddCounter(kRowsReturnedTotal, {datname})),
      rows_affected(registry.AddCounter(kRowsAffectedTotal, {datname})),
      parse_messages(registry.AddCounter(kParseMessagesTotal, {datname})),
      aborted(registry.AddCounter(kQueriesAbortedTotal, {datname})),
      abandoned(registry.AddCounter(kQueriesAbandonedTotal, {datname})),
      slow_groups(registry.AddCounter(kSlowGroupsTotal, {datname})),
      rollbacks(registry.AddCounter(kTransactionRollbacksTotal, {datname})),
      in_flight(registry.AddGauge(kQueriesInFlight, {datname})),
      running_slow(registry.AddGauge(kRunningSlowQueries, {datname})),
      oldest_query(registry.AddGauge(kOldestRunningQueryStartTimestampSeconds, {datname})),
      oldest_transaction(registry.AddGauge(kOldestTransactionStartTimestampSeconds, {datname})) {
  for (std::size_t i = 0; i < kCommandCount; ++i) {
    commands[i] = OpenBooks(registry, datname, kCommandNames[i]);
  }
}

DatabaseRecorder::DatabaseRecorder(Registry& registry, std::string_view datname)
    : datname_(LabelValue("datname", datname)),
      instruments_(std::make_unique<Instruments>(registry, datname_)) {}

DatabaseRecorder::~DatabaseRecorder() = default;

bool DatabaseRecorder::Record(const Execution& execution, const Exemplar* exemplar) {
  Instruments& books = *instruments_;
  CommandBooks& command = books.commands[static_cast<std::size_t>(execution.command)];
  const double seconds = ToSeconds(execution.duration);
  if (exemplar == nullptr) {
    command.duration->Observe(seconds);
  } else {
    command.duration->Observe(seconds, *exemplar, ToSeconds(SystemClock().UnixNow()));
  }
  if (execution.failed) {
    const std::string_view sqlstate = View(execution.sqlstate);
    command.errors[static_cast<std::size_t>(ClassOf(sqlstate))]->Increment();
    books.sqlstates.Increment(sqlstate);
  } else {
    command.successes->Increment();
  }
  // Decided on the observed value, so that slow = count - bucket{le=threshold} without exception.
  const bool slow = seconds > books.slow_threshold_seconds;
  if (slow) command.slow->Increment();
  if (execution.first_reply >= 0) books.first_reply.Observe(ToSeconds(execution.first_reply));
  if (execution.client_stall > 0) books.client_stall.Increment(ToSeconds(execution.client_stall));
  AddCopyRows(execution.rows_returned, execution.rows_affected);
  return slow;
}

void DatabaseRecorder::AddAborted(std::uint64_t statements) {
  instruments_->aborted.Increment(static_cast<double>(statements));
}

void DatabaseRecorder::AddAbandoned(std::uint64_t statements) {
  instruments_->abandoned.Increment(static_cast<double>(statements));
}

void DatabaseRecorder::AddSlowGroup() { instruments_->slow_groups.Increment(); }

void DatabaseRecorder::AddParseMessages(std::uint64_t messages) {
  instruments_->parse_messages.Increment(static_cast<double>(messages));
}

void DatabaseRecorder::AddTransaction(Nanos duration, bool rolled_back) {
  instruments_->transaction_duration.Observe(ToSeconds(duration));
  if (rolled_back) instruments_->rollbacks.Increment();
}

void DatabaseRecorder::AddTransactionIdle(Nanos duration) {
  instruments_->transaction_idle.Increment(ToSeconds(duration));
}

void DatabaseRecorder::AddCopyRows(std::uint64_t returned, std::uint64_t affected) {
  if (returned > 0) instruments_->rows_returned.Increment(static_cast<double>(returned));
  if (affected > 0) instruments_->rows_affected.Increment(static_cast<double>(affected));
}

void DatabaseRecorder::Publish(std::size_t loop, const Running& running) {
  Instruments& books = *instruments_;
  const std::scoped_lock lock(books.mutex);
  if (books.loops.size() <= loop) books.loops.resize(loop + 1);
  books.loops[loop] = running;
  Running total;
  for (const Running& part : books.loops) {
    total.in_flight += part.in_flight;
    total.slow += part.slow;
    total.oldest_start = Earliest(total.oldest_start, part.oldest_start);
    total.oldest_transaction_start =
        Earliest(total.oldest_transaction_start, part.oldest_transaction_start);
  }
  books.in_flight.Set(total.in_flight);
  books.running_slow.Set(total.slow);
  books.oldest_query.Set(total.oldest_start);
  books.oldest_transaction.Set(total.oldest_transaction_start);
}

}  // namespace pgsidecar::metrics
