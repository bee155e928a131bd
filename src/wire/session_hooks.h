#pragma once

#include <string_view>

#include "metrics/slow_log.h"
#include "pgwire/conversation.h"
#include "pgwire/login.h"

namespace pgsidecar::wire {

/// Everything that a session tells its observer. A hook may throw: the session then turns opaque
/// and relays on. Loop thread only.
class SessionHooks : public pgwire::Sink, public pgwire::LoginSink {
 public:
  /// PostgreSQL said ReadyForQuery for the first time: from now on the database has a name.
  virtual void OnReady() = 0;
  /// Of the login, or of a session at work: both bases have it.
  void OnParameterStatus(std::string_view name, std::string_view value) override = 0;
  /// A statement that runs now. `kind` is kRunning.
  virtual metrics::SlowEvent DescribeRunning(const pgwire::RunningStatement& running, char status,
                                             Nanos now) = 0;
};

}  // namespace pgsidecar::wire
