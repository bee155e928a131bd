#include "app/explain.h"

#include <string_view>

namespace pgsidecar::app {
namespace {

std::string_view Word(wire::SslMode mode) {
  switch (mode) {
    case wire::SslMode::kDisable:
      return "disable";
    case wire::SslMode::kPrefer:
      return "prefer";
    case wire::SslMode::kRequire:
      return "require";
    case wire::SslMode::kVerifyCa:
      return "verify-ca";
    case wire::SslMode::kVerifyFull:
      return "verify-full";
  }
  return "verify-full";
}

std::string_view Word(wire::TargetSession target) {
  switch (target) {
    case wire::TargetSession::kAny:
      return "any";
    case wire::TargetSession::kReadWrite:
      return "read-write";
    case wire::TargetSession::kReadOnly:
      return "read-only";
    case wire::TargetSession::kPrimary:
      return "primary";
    case wire::TargetSession::kStandby:
      return "standby";
    case wire::TargetSession::kPreferStandby:
      return "prefer-standby";
  }
  return "any";
}

}  // namespace

executor::ConnectionOptions ConnectionTo(const wire::Upstream& upstream) {
  executor::ConnectionOptions options;
  for (const wire::UpstreamHost& each : upstream.hosts) {
    options.hosts.push_back({each.host, each.hostaddr, each.port});
  }
  options.sslmode = Word(upstream.sslmode);
  options.sslrootcert = upstream.sslrootcert;
  options.sslcert = upstream.sslcert;
  options.sslkey = upstream.sslkey;
  options.target_session_attrs = Word(upstream.target_session_attrs);
  options.connect_timeout = upstream.connect_timeout;
  options.tcp_user_timeout = upstream.tcp_user_timeout;
  options.user = upstream.user;
  options.password = upstream.password;
  options.dbname = upstream.dbname;
  return options;
}

std::unique_ptr<executor::Explainer> StartExplainer(const config::Config& config,
                                                    const executor::ExplainContext& context) {
  if (!config.explain.enabled) return nullptr;
  return std::make_unique<executor::Explainer>(
      config.explain, context,
      executor::MakeConnectForPlans(ConnectionTo(config.wire.upstream), config.explain));
}

bool ExplainAlike(const config::Config& one, const config::Config& other) {
  return one.explain == other.explain &&
         executor::ConnectionString(ConnectionTo(one.wire.upstream)) ==
             executor::ConnectionString(ConnectionTo(other.wire.upstream));
}

}  // namespace pgsidecar::app
