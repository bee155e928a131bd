#include "app/validate.h"

#include <utility>

#include "app/operations.h"
#include "base/clock.h"
#include "config/checks.h"
#include "metrics/registry.h"
#include "sql/catalogue.h"
#include "wire/wire_front.h"

namespace pgsidecar::app {
namespace {

void CheckStatements(const config::Loaded& loaded, std::vector<std::string>& errors) {
  const SystemClock clock;
  metrics::Registry registry(ToSeconds(loaded.config.wire.slow_query_threshold.count()));
  const auto catalogue = sql::Catalogue::Create(loaded.config.statements, registry, clock);
  if (catalogue.ok()) return;
  errors.push_back(config::KeyError(loaded, "statements.operations", catalogue.error()));
}

}  // namespace

std::vector<std::string> CheckCertificates(const config::Loaded& loaded) {
  // One leg at a time, so that an error has its key.
  std::vector<std::string> errors;
  wire::WireOptions clients;
  clients.tls = loaded.config.wire.tls;
  if (const Status status = wire::WireFront::Check(clients); !status.ok()) {
    const std::string_view key = TlsKeyOf(clients.tls, status.error().message);
    errors.push_back(config::KeyError(loaded, key, status.error()));
  }
  wire::WireOptions servers;
  servers.upstream = loaded.config.wire.upstream;
  if (const Status status = wire::WireFront::Check(servers); !status.ok()) {
    errors.push_back(config::KeyError(loaded, "upstream", status.error()));
  }
  return errors;
}

std::vector<std::string> Validate(const config::Loaded& loaded) {
  std::vector<std::string> errors = CheckCertificates(loaded);
  CheckStatements(loaded, errors);
  for (std::string& error : CheckOperations(loaded)) errors.push_back(std::move(error));
  return errors;
}

std::string_view TlsKeyOf(const wire::ClientTls& tls, std::string_view problem) {
  std::string_view key = "wire.tls.cert_file";
  std::size_t longest = 0;  // One path may be the beginning of another.
  for (const auto& [name, file] : {std::pair{"wire.tls.cert_file", &tls.cert_file},
                                   std::pair{"wire.tls.key_file", &tls.key_file},
                                   std::pair{"wire.tls.client_ca_file", &tls.client_ca_file}}) {
    if (file->size() <= longest || problem.find(*file) == std::string_view::npos) continue;
    longest = file->size();
    key = name;
  }
  return key;
}

std::string_view ListenKeyOf(const wire::WireOptions& options, std::string_view problem) {
  for (const std::string& address : options.listen) {
    if (problem.find(address) != std::string_view::npos) return "wire.listen";
  }
  return options.pass_through_listen.empty() ? "wire.listen" : "wire.pass_through_listen";
}

}  // namespace pgsidecar::app
