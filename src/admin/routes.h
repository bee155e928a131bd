#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "admin/admin_server.h"
#include "admin/message.h"
#include "admin/scrape_gate.h"

namespace pgsidecar::admin {

/// Answers every request of the admin listener: who may ask, which handler, what comes back.
/// Thread-safe.
class Router {
 public:
  /// `local_only`: serve only requests whose Host is an IP literal or localhost.
  Router(AdminContext context, bool local_only);

  /// Counts the request and returns its whole answer, as bytes.
  std::string Answer(const Request& request);
  /// The same for a request that is too broken for a handler.
  std::string AnswerBroken(int status);

  void CountInternalError();

  const AdminContext& context() const { return context_; }
  const std::string& page() const { return page_; }
  ScrapeGate& scrapes() { return scrapes_; }

 private:
  void Count(std::string_view handler, int status);

  const AdminContext context_;
  const bool local_only_;
  const std::string page_;
  ScrapeGate scrapes_;
};

}  // namespace pgsidecar::admin
