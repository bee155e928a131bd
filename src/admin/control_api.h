#pragma once

#include "admin/admin_server.h"
#include "admin/message.h"

namespace pgsidecar::admin {

/// `POST /-/reload`: 200, 422 with every error, or 503 if there was no time for it.
Response ReloadResponse(const ReloadAnswer& answer);
/// The 503 of a reload that is not tried, because another one runs.
Response ReloadBusy();
/// `POST /-/drain`: 202.
Response DrainResponse();

}  // namespace pgsidecar::admin
