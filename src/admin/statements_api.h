#pragma once

#include <string_view>
#include <vector>

#include "admin/message.h"
#include "sql/catalogue.h"

namespace pgsidecar::admin {

/// `GET /api/v1/statements?sort=total|calls|mean|p95|errors|rows&limit=1..1000`: the statements
/// that cost most, largest first.
Response StatementsAnswer(std::string_view query, std::vector<sql::StatementRow> rows);

}  // namespace pgsidecar::admin
