#pragma once

#include <memory>

#include "config/config.h"
#include "executor/explainer.h"

namespace pgsidecar::app {

/// Where `upstream` is, as whom its URI says to log in, in the words of libpq.
executor::ConnectionOptions ConnectionTo(const wire::Upstream& upstream);

/// The explainer of slow statements, or null if the configuration has none.
std::unique_ptr<executor::Explainer> StartExplainer(const config::Config& config,
                                                    const executor::ExplainContext& context);

/// Whether the explainer of the one configuration also serves the other.
bool ExplainAlike(const config::Config& one, const config::Config& other);

}  // namespace pgsidecar::app
