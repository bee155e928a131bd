#include "sql/catalogue.h"

#include "sql/catalogue_state.h"

namespace pgsidecar::sql {

Result<std::unique_ptr<Catalogue>> Catalogue::Create(const StatementOptions& options,
                                                     metrics::Registry& registry,
                                                     const Clock& clock) {
  Result<OperationNames> names = OperationNames::Create(options);
  if (!names.ok()) return names.error();
  auto state = std::make_unique<State>(options, registry, clock);
  state->places.SetNames(std::move(names).value());
  if (Status status = state->worker.Start(); !status.ok()) return status.error();
  return std::unique_ptr<Catalogue>(new Catalogue(std::move(state)));
}

Catalogue::Catalogue(std::unique_ptr<State> state) : state_(std::move(state)) {}

Catalogue::~Catalogue() = default;

std::vector<StatementRow> Catalogue::Snapshot() const { return state_->places.Snapshot(); }

void Catalogue::DrainForTest() { state_->worker.Drain(); }

void Catalogue::MaintainForTest() { state_->places.Maintain(); }

}  // namespace pgsidecar::sql
