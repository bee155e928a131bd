#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "metrics/recorder.h"
#include "metrics/registry.h"
#include "metrics/registry_state.h"
#include "sql/catalogue.h"
#include "sql/statement_index.h"
#include "unit/metrics/page_reader.h"

namespace pgsidecar::sql {

/// A clock that stands still until it is told to go on.
class StillClock final : public Clock {
 public:
  Nanos Now() const override { return now_.load(); }
  Nanos UnixNow() const override { return now_.load() + 1'700'000'000 * kNanosPerSecond; }
  void Advance(Nanos nanos) { now_ += nanos; }

 private:
  std::atomic<Nanos> now_{1000 * kNanosPerSecond};
};

constexpr Nanos kMillisecond = kNanosPerSecond / 1000;

/// A catalogue with its books and one index.
class IndexTest : public ::testing::Test {
 protected:
  void Create(const StatementOptions& options) {
    index_.reset();
    catalogue_.reset();
    auto created = Catalogue::Create(options, registry_, clock_);
    ASSERT_TRUE(created.ok()) << created.error().message;
    catalogue_ = std::move(created).value();
    index_ = std::make_unique<StatementIndex>(*catalogue_, clock_);
  }

  ScanContext Context() { return {.database = &database_}; }
  Ref<Referenced> CellOf(std::string_view sql) {
    const ScannedText text = index_->Scan(sql, Context());
    return text.statements.empty() ? Ref<Referenced>() : text.statements.front().cell;
  }
  void Execute(Referenced& cell, Nanos duration = kMillisecond, std::string_view sqlstate = {}) {
    metrics::Execution execution;
    execution.command = index_->CommandOf(cell);
    execution.duration = duration;
    execution.failed = !sqlstate.empty();
    sqlstate.copy(execution.sqlstate.data(), 5);
    index_->Record(cell, execution, ToSeconds(duration) > 1, nullptr);
  }
  void Execute(std::string_view sql, Nanos duration = kMillisecond,
               std::string_view sqlstate = {}) {
    Execute(*CellOf(sql), duration, sqlstate);
  }
  /// Waits for the answers of the worker and applies them.
  void Settle() {
    catalogue_->DrainForTest();
    index_->Poll();
  }
  /// While the lock is held the worker stops at the next statement that it admits.
  std::unique_lock<std::mutex> HoldWorker() {
    index_->Attach(database_);
    return std::unique_lock(registry_.state().mutex);
  }
  StatementRow Row(std::string_view operation) const {
    for (StatementRow& row : catalogue_->Snapshot()) {
      if (row.operation == operation) return row;
    }
    return {};
  }
  std::uint64_t Calls() const {
    std::uint64_t calls = 0;
    for (const StatementRow& row : catalogue_->Snapshot()) calls += row.calls;
    return calls;
  }
  /// The value of a counter or gauge without labels, or the sum over its series.
  double Value(const std::string& name) {
    const std::string page = metrics::TextPage(registry_);
    return metrics::TotalIn(page, name + " ").sum + metrics::TotalIn(page, name + "{").sum;
  }
  /// How many series start like that.
  std::size_t SeriesCount(std::string_view prefix) {
    return metrics::TotalIn(metrics::TextPage(registry_), prefix).series;
  }
  /// Executions by statement, as the page says.
  double CallsOnPage() { return Value("pgsidecar_statement_duration_seconds_count"); }

  StillClock clock_;
  metrics::Registry registry_{1.0};
  metrics::Recorder recorder_{registry_};
  metrics::DatabaseRecorder& database_ = recorder_.Database("shop");
  std::unique_ptr<Catalogue> catalogue_;
  std::unique_ptr<StatementIndex> index_;
};

}  // namespace pgsidecar::sql
