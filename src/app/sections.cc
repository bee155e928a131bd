#include "app/sections.h"

#include "admin/admin_metrics.h"
#include "admin/operations_api.h"
#include "app/app_metrics.h"
#include "cache/cache_metrics.h"
#include "executor/executor_metrics.h"
#include "executor/operations_metrics.h"
#include "metrics/process_metrics.h"
#include "metrics/query_metrics.h"
#include "metrics/self_metrics.h"
#include "metrics/slow_log_metrics.h"
#include "metrics/statement_metrics.h"
#include "sql/sql_metrics.h"
#include "wire/wire_metrics.h"

namespace pgsidecar::app {
namespace {

template <std::size_t N>
void Append(std::vector<metrics::Declaration>& to,
            const std::array<metrics::Declaration, N>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

std::vector<metrics::Section> MetricSections() {
  std::vector<metrics::Section> sections = {
      {"Queries and transactions", {}},
      {"Statements", {}},
      {"Wire front", {}},
      {"Executor and operations", {}},
      {"Cache", {}},
      {"Self", {}},
      {"Process", {}},
  };
  Append(sections[0].declarations, metrics::kQueryMetrics);
  Append(sections[1].declarations, metrics::kStatementMetrics);
  Append(sections[1].declarations, sql::kSqlMetrics);
  Append(sections[2].declarations, wire::kWireMetrics);
  Append(sections[3].declarations, executor::kExecutorMetrics);
  Append(sections[3].declarations, admin::kOperationApiMetrics);
  Append(sections[4].declarations, cache::kCacheMetrics);
  Append(sections[4].declarations, executor::kOperationsMetrics);
  Append(sections[5].declarations, kAppMetrics);
  Append(sections[5].declarations, metrics::kSelfMetrics);
  Append(sections[5].declarations, metrics::kSlowLogMetrics);
  Append(sections[5].declarations, admin::kAdminMetrics);
  Append(sections[6].declarations, metrics::kProcessMetrics);
  return sections;
}

std::vector<metrics::Declaration> AllDeclarations() {
  std::vector<metrics::Declaration> all;
  for (const metrics::Section& section : MetricSections()) {
    all.insert(all.end(), section.declarations.begin(), section.declarations.end());
  }
  return all;
}

}  // namespace pgsidecar::app
