#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "comment.h"

namespace demo {

/// An operation was not answered. The text says why.
class OperationFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Calls the named operations of a pgsidecar over HTTP. Thread-safe: a connection per call.
class Operations {
 public:
  /// `address` is HOST:PORT. Throws std::invalid_argument for anything else.
  explicit Operations(std::string_view address);

  /// The rows of POST /api/v1/operations/NAME. Throws OperationFailed.
  nlohmann::json Call(const std::string& name, const nlohmann::json& parameters,
                      const RequestContext& context) const;

 private:
  std::string host_;
  int port_ = 0;
};

}  // namespace demo
