#include "executor/connection_options.h"

#include <algorithm>
#include <string_view>

namespace pgsidecar::executor {
namespace {

/// Appends `keyword='value'`, with a backslash before each quote and backslash of the value.
void Append(std::string& to, std::string_view keyword, std::string_view value) {
  if (!to.empty()) to += ' ';
  to.append(keyword).append("='");
  for (const char c : value) {
    if (c == '\'' || c == '\\') to += '\\';
    to += c;
  }
  to += '\'';
}

void AppendIfSet(std::string& to, std::string_view keyword, std::string_view value) {
  if (!value.empty()) Append(to, keyword, value);
}

/// One element for each host, separated by commas.
template <class Part>
std::string List(const std::vector<ServerAddress>& hosts, Part part) {
  std::string list;
  for (const ServerAddress& each : hosts) {
    if (&each != &hosts.front()) list += ',';
    list += part(each);
  }
  return list;
}

void AppendHosts(std::string& to, const std::vector<ServerAddress>& hosts) {
  if (hosts.empty()) return;
  Append(to, "host", List(hosts, [](const auto& each) { return each.host; }));
  const bool any_address = std::any_of(hosts.begin(), hosts.end(),
                                       [](const auto& each) { return !each.hostaddr.empty(); });
  if (any_address) {
    Append(to, "hostaddr", List(hosts, [](const auto& each) { return each.hostaddr; }));
  }
  Append(to, "port", List(hosts, [](const auto& each) { return std::to_string(each.port); }));
}

}  // namespace

std::string ConnectionString(const ConnectionOptions& options) {
  std::string text;
  AppendHosts(text, options.hosts);
  AppendIfSet(text, "sslmode", options.sslmode);
  AppendIfSet(text, "sslrootcert", options.sslrootcert);
  AppendIfSet(text, "sslcert", options.sslcert);
  AppendIfSet(text, "sslkey", options.sslkey);
  AppendIfSet(text, "target_session_attrs", options.target_session_attrs);
  AppendIfSet(text, "user", options.user);
  AppendIfSet(text, "password", options.password);
  AppendIfSet(text, "dbname", options.dbname);
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(options.connect_timeout).count();
  Append(text, "connect_timeout", std::to_string(seconds));
  if (options.tcp_user_timeout.count() > 0) {
    Append(text, "tcp_user_timeout", std::to_string(options.tcp_user_timeout.count()));
  }
  Append(text, "gssencmode", "disable");
  Append(text, "client_encoding", "UTF8");
  Append(text, "application_name", "pgsidecar");
  return text;
}

}  // namespace pgsidecar::executor
