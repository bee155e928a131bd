#include "admin/control_api.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace pgsidecar::admin {

Response ReloadResponse(const ReloadAnswer& answer) {
  if (answer.errors == std::vector{std::string(kReloadBusy)}) return ReloadBusy();
  if (!answer.errors.empty()) {
    return Problem(422, "reload-failed", "the configuration was not reloaded; the old one stays",
                   answer.errors);
  }
  nlohmann::ordered_json body;
  body["reloaded"] = true;
  body["restart_needed"] = answer.restart_needed;
  return JsonAnswer(body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

Response ReloadBusy() {
  Response busy = Problem(503, "busy", "a reload is running; try again");
  busy.headers.emplace_back("Retry-After", "1");
  return busy;
}

Response DrainResponse() { return JsonAnswer("{\"draining\":true}\n", 202); }

}  // namespace pgsidecar::admin
