#pragma once

#include <pqxx/pqxx>

namespace pgsidecar::executor {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

/// Discards what the server says beside answers, as long as it lives. libpq prints it to standard
/// error, libpqxx deprecates this way of keeping it quiet, and the new way is missing in older
/// versions. To be included in .cc files of this module only.
class PqxxSilence {
 public:
  explicit PqxxSilence(pqxx::connection& connection) : handler_(connection) {}

 private:
  pqxx::quiet_errorhandler handler_;
};

#pragma GCC diagnostic pop

}  // namespace pgsidecar::executor
