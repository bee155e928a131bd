#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "executor/interrupter.h"
#include "pgsidecar/outcome.h"
#include "pgsidecar/parameters.h"
#include "pgsidecar/rows.h"

namespace pgsidecar::executor {

/// One session of PostgreSQL. Its calls block and never throw; one thread at a time, except for
/// Cancel. Errors are kServer, or kConnection when the session is over.
class Connection {
 public:
  virtual ~Connection() = default;

  /// Defines a prepared statement. `name` is our own word, never input.
  virtual Outcome<Done> Prepare(const std::string& name, const std::string& sql) = 0;
  virtual Outcome<Rows> ExecutePrepared(const std::string& name, const Parameters& parameters) = 0;
  /// Drops a prepared statement.
  virtual Outcome<Done> Unprepare(const std::string& name) = 0;
  /// Exactly one statement, not prepared.
  virtual Outcome<Rows> ExecuteOnce(const std::string& sql, const Parameters& parameters) = 0;
  /// Commands of our own (BEGIN, SET).
  virtual Outcome<Done> Command(const std::string& sql) = 0;

  /// Asks the server to cancel what runs. From any thread; blocks.
  virtual void Cancel() = 0;
  virtual bool is_open() const = 0;
  /// Whether something came in while nothing was asked: the end of the session, mostly.
  virtual bool IsStale() const = 0;

  virtual const std::string& database() const = 0;
  virtual const std::string& user() const = 0;
  virtual const std::string& server() const = 0;  ///< `host:port`.
  virtual std::uint64_t backend() const = 0;      ///< Process id of the server's side.
};

/// Connects, with a socket that the interrupter can shut down. Blocks; never throws.
using Connect = std::function<Outcome<std::unique_ptr<Connection>>(Interrupter&)>;

/// Connects with libpqxx. `connection` as ExecutorOptions::connection.
Connect MakeConnect(const std::string& connection, std::chrono::nanoseconds connect_timeout);

/// `connection` with a connect_timeout, if it has none. libpq counts in seconds, 2 at least.
std::string WithConnectTimeout(const std::string& connection, std::chrono::nanoseconds timeout);

}  // namespace pgsidecar::executor
