#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "admin/access.h"
#include "admin/admin_server.h"
#include "admin/gate.h"
#include "admin/message.h"
#include "admin/operations_api.h"
#include "admin/worker_pool.h"

namespace pgsidecar::admin {

/// The longest body that is read for a path.
std::size_t BodyBytesMax(std::string_view path);

/// Answers every request of the admin listener: who may ask, which handler, what comes back.
/// Thread-safe.
class Router {
 public:
  Router(AdminContext context, Access access);

  /// Decides about requests from now on.
  void SetAccess(Access access);

  /// Counts the request and returns its whole answer, as bytes.
  std::string Answer(const Request& request);
  /// The same for a request that is too broken for a handler.
  std::string AnswerBroken(int status);

  void CountInternalError();

  const AdminContext& context() const { return context_; }
  const std::string& page() const { return page_; }
  Gate& scrapes() { return scrapes_; }
  Gate& reloads() { return reloads_; }
  Gate& calls() { return calls_; }
  WorkerPool& workers() { return workers_; }
  Rejections& rejections() { return rejections_; }

  /// The answer to a caller who may not change anything, or nothing if he may. For handlers that
  /// know only from the request whether it does.
  std::optional<Response> RefuseChange(const Request& request) const;

 private:
  struct Route;
  static const Route kRoutes[];
  /// The route of that path and method; else one of that path, if there is any.
  static const Route* FindRoute(std::string_view path, std::string_view method);
  /// What a path allows.
  static std::string MethodsOf(const Route& first);

  Response Respond(const Request& request, const Route* route);
  Response Call(const Request& request, const Route& route);
  std::shared_ptr<const Access> access() const;
  void Count(std::string_view handler, int status);

  const AdminContext context_;
  const std::string page_;
  metrics::Counter& unauthorized_;
  Gate scrapes_;
  Gate reloads_;
  Gate calls_;
  Rejections rejections_;
  WorkerPool workers_;
  mutable std::mutex mutex_;
  /// Guarded by mutex_. Shared with the requests that are being answered.
  std::shared_ptr<const Access> access_;
};

}  // namespace pgsidecar::admin
