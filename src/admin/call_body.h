#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "executor/operation_set.h"

namespace pgsidecar::admin {

/// One element of a batch.
struct BatchCall {
  std::string operation{};
  executor::OperationValues values{};
};

/// Levels of lists in a parameter, and of anything in a JSON value that is passed on as text.
constexpr std::size_t kListLevelsMax = 6;
constexpr std::size_t kJsonLevelsMax = 64;
constexpr std::size_t kBatchCallsMax = 32;

/// Reads a JSON object of named parameters. Numbers keep all their digits, a name that is there
/// twice is there twice in the answer, and an object as a value becomes text again. An empty body
/// has no parameters. The error says what is wrong without repeating any of it.
Result<executor::OperationValues> ReadCallBody(std::string_view body);

/// Reads `{"calls": [{"operation": "name", "parameters": {…}}, …]}`, at most kBatchCallsMax of
/// them.
Result<std::vector<BatchCall>> ReadBatchBody(std::string_view body);

}  // namespace pgsidecar::admin
