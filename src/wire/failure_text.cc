#include "wire/failure_text.h"

#include "base/units.h"

namespace pgsidecar::wire {

std::string CannotConnectText(std::string_view reasons) {
  return "pgsidecar: cannot connect to PostgreSQL at " + std::string(reasons);
}

std::string WrongRoleText(std::string_view upstream, std::string_view wanted, bool known) {
  return "pgsidecar: PostgreSQL at " + std::string(upstream) +
         (known ? " is not what target_session_attrs="
                : " does not say whether it is what "
                  "target_session_attrs=") +
         std::string(wanted) + " asks for; connect again";
}

std::string ServerClosedText(std::string_view upstream) {
  return "pgsidecar: PostgreSQL at " + std::string(upstream) +
         " closed the connection unexpectedly";
}

std::string ServerProtocolText(std::string_view upstream) {
  return "pgsidecar: PostgreSQL at " + std::string(upstream) +
         " sent an unexpected message during authentication";
}

std::string TooManyClientsText(std::uint32_t max_clients) {
  return "pgsidecar: too many client connections, the limit is " + std::to_string(max_clients);
}

std::string LoginTimeoutText(std::chrono::nanoseconds timeout) {
  return "pgsidecar: the login took longer than " + FormatDuration(timeout);
}

}  // namespace pgsidecar::wire
