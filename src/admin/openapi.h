#pragma once

#include <string_view>

#include "admin/message.h"
#include "executor/cached_operations.h"

namespace pgsidecar::admin {

/// `GET /api/v1/openapi.json`: an OpenAPI 3.1 document of the operations. `operations` may be null.
Response OpenApiAnswer(const executor::CachedOperations* operations, std::string_view version);

}  // namespace pgsidecar::admin
