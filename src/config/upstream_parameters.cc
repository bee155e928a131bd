#include "config/upstream_parameters.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

#include "config/mask.h"
#include "config/suggest.h"

namespace pgsidecar::config {
namespace {

using wire::SslMode;
using wire::TargetSession;

std::optional<std::uint32_t> Number(std::string_view text, std::uint32_t max) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > max) return std::nullopt;
  return number;
}

std::string SetSslMode(UpstreamDraft& draft, const std::string& value) {
  constexpr std::array<std::string_view, 5> kNames = {"disable", "prefer", "require", "verify-ca",
                                                      "verify-full"};
  if (value == "allow") {
    return "asks for sslmode=allow, which repeats a refused login with TLS, and a relay cannot "
           "repeat a login";
  }
  const auto found = std::find(kNames.begin(), kNames.end(), value);
  if (found == kNames.end()) {
    return "has an sslmode other than disable, prefer, require, verify-ca, verify-full";
  }
  draft.upstream.sslmode = static_cast<SslMode>(found - kNames.begin());
  draft.has_sslmode = true;
  return {};
}

std::string SetTargetSession(UpstreamDraft& draft, const std::string& value) {
  constexpr std::array<std::string_view, 6> kNames = {"any",     "read-write", "read-only",
                                                      "primary", "standby",    "prefer-standby"};
  const auto found = std::find(kNames.begin(), kNames.end(), value);
  if (found == kNames.end()) {
    return "has a target_session_attrs other than any, read-write, read-only, primary, standby, "
           "prefer-standby";
  }
  draft.upstream.target_session_attrs = static_cast<TargetSession>(found - kNames.begin());
  return {};
}

std::string SetPath(std::string& path, std::string_view name, const std::string& value) {
  if (!value.starts_with('/') || value.ends_with('/')) {
    return "has an " + std::string(name) + " that is not the absolute path of a file";
  }
  path = value;
  return {};
}

std::string SetRootCertificate(UpstreamDraft& draft, const std::string& value) {
  if (value != "system") return SetPath(draft.upstream.sslrootcert, "sslrootcert", value);
  draft.upstream.sslrootcert = value;
  return {};
}

std::string SetConnectTimeout(UpstreamDraft& draft, const std::string& value) {
  const auto seconds = Number(value, 3600);
  if (!seconds) return "has a connect_timeout that is not a number of seconds from 0 to 3600";
  const auto fallback = wire::Upstream().connect_timeout;
  draft.upstream.connect_timeout = *seconds == 0 ? fallback : std::chrono::seconds(*seconds);
  return {};
}

std::string SetKeepalives(UpstreamDraft& draft, const std::string& value) {
  if (value != "0" && value != "1") return "has a keepalives other than 0, 1";
  draft.upstream.keepalive.on = value == "1";
  return {};
}

/// One of the numbers of TCP keepalives. The bounds are those of Linux (tcp(7)).
struct KeepaliveNumber {
  std::string_view name;
  int net::Keepalive::*member;
  std::uint32_t max;
};
constexpr KeepaliveNumber kIdle{"keepalives_idle", &net::Keepalive::idle_s, 32'767};
constexpr KeepaliveNumber kInterval{"keepalives_interval", &net::Keepalive::interval_s, 32'767};
constexpr KeepaliveNumber kCount{"keepalives_count", &net::Keepalive::count, 127};

/// 0 is the default, as with connect_timeout.
std::string SetKeepalive(UpstreamDraft& draft, const std::string& value,
                         const KeepaliveNumber& number) {
  const auto read = Number(value, number.max);
  if (!read) {
    return "has a " + std::string(number.name) + " that is not a number from 0 to " +
           std::to_string(number.max);
  }
  const int fallback = net::Keepalive().*number.member;
  draft.upstream.keepalive.*number.member = *read == 0 ? fallback : static_cast<int>(*read);
  return {};
}

std::string SetUserTimeout(UpstreamDraft& draft, const std::string& value) {
  constexpr std::uint32_t kDayMilliseconds = 86'400'000;
  const auto milliseconds = Number(value, kDayMilliseconds);
  if (!milliseconds) {
    return "has a tcp_user_timeout that is not a number of milliseconds from 0 to 86400000";
  }
  draft.upstream.tcp_user_timeout = std::chrono::milliseconds(*milliseconds);
  return {};
}

using Draft = UpstreamDraft;
using Text = const std::string&;

struct Parameter {
  std::string_view name;
  bool open;  ///< No secret.
  std::string (*set)(Draft& draft, Text value);
};

std::string SetCertificate(Draft& draft, Text value) {
  return SetPath(draft.upstream.sslcert, "sslcert", value);
}

std::string SetKey(Draft& draft, Text value) {
  return SetPath(draft.upstream.sslkey, "sslkey", value);
}

/// Stores what needs no check here.
template <auto kMember>
std::string Keep(Draft& draft, Text value) {
  draft.upstream.*kMember = value;
  return {};
}

template <auto kMember>
std::string KeepList(Draft& draft, Text value) {
  draft.lists.*kMember = SplitList(value);
  return {};
}

template <const KeepaliveNumber& kNumber>
std::string KeepNumber(Draft& draft, Text value) {
  return SetKeepalive(draft, value, kNumber);
}

constexpr std::array kParameters = {
    Parameter{"host", true, KeepList<&HostLists::hosts>},
    Parameter{"hostaddr", true, KeepList<&HostLists::hostaddrs>},
    Parameter{"port", true, KeepList<&HostLists::ports>},
    Parameter{"user", true, Keep<&wire::Upstream::user>},
    Parameter{"password", false, Keep<&wire::Upstream::password>},
    Parameter{"dbname", true, Keep<&wire::Upstream::dbname>},
    Parameter{"sslmode", true, SetSslMode},
    Parameter{"sslrootcert", true, SetRootCertificate},
    Parameter{"sslcert", true, SetCertificate},
    Parameter{"sslkey", true, SetKey},
    Parameter{"target_session_attrs", true, SetTargetSession},
    Parameter{"connect_timeout", true, SetConnectTimeout},
    Parameter{"keepalives", true, SetKeepalives},
    Parameter{"keepalives_idle", true, KeepNumber<kIdle>},
    Parameter{"keepalives_interval", true, KeepNumber<kInterval>},
    Parameter{"keepalives_count", true, KeepNumber<kCount>},
    Parameter{"tcp_user_timeout", true, SetUserTimeout},
};

const Parameter* FindParameter(std::string_view name) {
  const auto found = std::find_if(kParameters.begin(), kParameters.end(),
                                  [&](const Parameter& each) { return each.name == name; });
  return found == kParameters.end() ? nullptr : &*found;
}

/// A name that does not look like one may be a piece of an unescaped password.
std::string UnknownParameter(std::string_view name) {
  const bool plain = std::all_of(name.begin(), name.end(),
                                 [](char c) { return c == '_' || (c >= 'a' && c <= 'z'); });
  if (!plain || name.empty()) return "has the unsupported parameter '" + std::string(kMask) + "'";
  std::vector<std::string> known;
  for (const Parameter& each : kParameters) known.emplace_back(each.name);
  return "has the unsupported parameter '" + std::string(name) + "'" + Suggest(name, known);
}

/// What is wrong with the files together, or nothing.
std::string CheckFiles(const wire::Upstream& upstream) {
  if (upstream.sslcert.empty() != upstream.sslkey.empty()) {
    return upstream.sslcert.empty() ? "has sslkey without sslcert" : "has sslcert without sslkey";
  }
  if (upstream.sslrootcert == "system" && upstream.sslmode != SslMode::kVerifyFull) {
    return "has sslrootcert=system with an sslmode other than verify-full, so that everybody with "
           "a certificate of any public authority would be PostgreSQL";
  }
  if (!upstream.sslrootcert.empty()) return {};
  if (upstream.sslmode == SslMode::kVerifyFull) {
    return "asks for sslmode=verify-full without sslrootcert: set it to the file of the "
           "authority's certificate, or to system";
  }
  if (upstream.sslmode == SslMode::kVerifyCa) {
    return "asks for sslmode=verify-ca without sslrootcert: set it to the file of the authority's "
           "certificate";
  }
  return {};
}

}  // namespace

std::string SetParameter(UpstreamDraft& draft, std::string_view name, const std::string& value) {
  const Parameter* parameter = FindParameter(name);
  return parameter == nullptr ? UnknownParameter(name) : parameter->set(draft, value);
}

std::string Complete(UpstreamDraft& draft) {
  wire::Upstream& upstream = draft.upstream;
  if (!draft.has_sslmode && upstream.sslrootcert == "system") {
    upstream.sslmode = SslMode::kVerifyFull;  // The default of libpq then.
  }
  std::string problem = CheckFiles(upstream);
  return problem.empty() ? PairHosts(draft.lists, upstream.hosts) : problem;
}

bool IsOpenParameter(std::string_view name) {
  const Parameter* parameter = FindParameter(name);
  return parameter != nullptr && parameter->open;
}

}  // namespace pgsidecar::config
