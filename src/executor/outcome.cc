#include "pgsidecar/outcome.h"

#include "metrics/error_class.h"

namespace pgsidecar {

std::string_view QueryError::error_class() const {
  using metrics::ErrorClass;
  if (!sqlstate.empty()) return Name(metrics::ClassOf(sqlstate));
  switch (kind) {
    case QueryErrorKind::kPool:
      return Name(ErrorClass::kResource);
    case QueryErrorKind::kConnection:
      return Name(ErrorClass::kConnection);
    case QueryErrorKind::kDeadline:
      return Name(ErrorClass::kTimeout);
    case QueryErrorKind::kShutdown:
      return Name(ErrorClass::kCanceled);
    case QueryErrorKind::kUsage:
    case QueryErrorKind::kServer:
      return Name(ErrorClass::kOther);
  }
  return Name(ErrorClass::kOther);
}

}  // namespace pgsidecar
