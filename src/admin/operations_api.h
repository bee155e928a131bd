#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "admin/call_body.h"
#include "admin/message.h"
#include "executor/cached_operations.h"
#include "metrics/registry.h"

namespace pgsidecar::admin {

/// Why a call was refused before it ran: the label `reason` of operation_requests_rejected_total.
enum class Rejection : std::uint8_t { kUnknownOperation, kParameters, kBody, kBusy };

inline constexpr std::array<std::string_view, 4> kRejectionNames = {"unknown_operation",
                                                                    "parameters", "body", "busy"};

inline constexpr metrics::Declaration kOperationRequestsRejected{
    "pgsidecar_operation_requests_rejected_total", metrics::Type::kCounter, "reason",
    "Operation requests refused before execution."};

inline constexpr std::array kOperationApiMetrics{kOperationRequestsRejected};

/// Counts refusals. All series exist from construction. Thread-safe.
class Rejections {
 public:
  explicit Rejections(metrics::Registry& registry);
  void Count(Rejection reason) { counters_[static_cast<std::size_t>(reason)]->Increment(); }

 private:
  std::array<metrics::Counter*, kRejectionNames.size()> counters_{};
};

/// Whether calling that operation may change something; unknown ones change nothing.
bool IsMutating(const executor::CachedOperations& operations, std::string_view name);

/// `GET /api/v1/operations`.
Response OperationsList(const executor::CachedOperations& operations);

/// What the calls of one request share.
struct CallContext {
  executor::CachedOperations& operations;
  Rejections& rejections;
  std::string_view traceparent{};
};

/// `POST /api/v1/operations/{name}`. Blocks up to the deadline of the operation.
Response CallOperation(const CallContext& context, std::string_view name, std::string_view body);

/// `POST /api/v1/operations`: calls one after the other, each for itself, within 30 s in all.
Response CallBatch(const CallContext& context, const std::vector<BatchCall>& calls);

/// The answer to a body that cannot be read.
Response BadBody(Rejections& rejections, const std::string& problem);

/// The answer while eight calls are under way.
Response TooManyCalls(Rejections& rejections);

}  // namespace pgsidecar::admin
