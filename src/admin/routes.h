#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "admin/access.h"
#include "admin/admin_server.h"
#include "admin/gate.h"
#include "admin/message.h"

namespace pgsidecar::admin {

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

 private:
  struct Route;
  static const Route kRoutes[];
  static const Route* FindRoute(std::string_view path);

  Response Respond(const Request& request, const Route* route);
  Response Call(const Request& request, const Route& route);
  std::shared_ptr<const Access> access() const;
  void Count(std::string_view handler, int status);

  const AdminContext context_;
  const std::string page_;
  metrics::Counter& unauthorized_;
  Gate scrapes_;
  Gate reloads_;
  mutable std::mutex mutex_;
  /// Guarded by mutex_. Shared with the requests that are being answered.
  std::shared_ptr<const Access> access_;
};

}  // namespace pgsidecar::admin
