#include "config/upstream_hosts.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace pgsidecar::config {
namespace {

bool IsGiven(const std::vector<std::string>& list) {
  return list.size() > 1 || (list.size() == 1 && !list.front().empty());
}

bool IsIpAddress(const std::string& text) {
  in6_addr parsed{};
  return inet_pton(AF_INET, text.c_str(), &parsed) == 1 ||
         inet_pton(AF_INET6, text.c_str(), &parsed) == 1;
}

std::string SetHost(std::string host, wire::UpstreamHost& server) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  const bool odd = std::any_of(host.begin(), host.end(), [](char c) {
    constexpr std::string_view kNotInHosts = "[]@,";
    return static_cast<unsigned char>(c) <= ' ' || c == 0x7F ||
           kNotInHosts.find(c) != std::string_view::npos;
  });
  if (odd) return "has a malformed host";
  if (!host.empty()) server.host = std::move(host);
  return {};
}

std::string SetPort(const std::string& text, wire::UpstreamHost& server) {
  if (text.empty()) return {};
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) {
    return "has a port that is not a number from 1 to 65535";
  }
  server.port = port;
  return {};
}

std::string SetAddress(const std::string& text, bool has_host, wire::UpstreamHost& server) {
  if (text.empty()) return {};
  if (!IsIpAddress(text)) return "has a hostaddr that is not an IP address";
  server.hostaddr = text;
  if (!has_host) server.host = text;
  return {};
}

/// What is right for each part of a server alone but not together.
std::string CheckServer(const wire::UpstreamHost& server) {
  constexpr std::size_t kPathMax = sizeof(sockaddr_un::sun_path) - 1;
  if (!server.is_unix() || server.endpoint().unix_path().size() <= kPathMax) return {};
  return "has a directory whose socket name is longer than " + std::to_string(kPathMax) + " bytes";
}

/// What the counts of the lists say, or nothing.
std::string CheckCounts(const HostLists& lists, std::size_t count) {
  const std::string counted = std::to_string(count) + (count == 1 ? " host" : " hosts");
  if (count > kHostsMax) {
    return "names " + counted + ", more than " + std::to_string(kHostsMax);
  }
  if (IsGiven(lists.hosts) && lists.hosts.size() != count) {
    return "names " + std::to_string(lists.hosts.size()) + " in host but " + std::to_string(count) +
           " in hostaddr";
  }
  if (lists.ports.size() > 1 && lists.ports.size() != count) {
    return "names " + counted + " but " + std::to_string(lists.ports.size()) + " ports";
  }
  return {};
}

}  // namespace

std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::string PairHosts(const HostLists& lists, std::vector<wire::UpstreamHost>& servers) {
  const bool by_address = IsGiven(lists.hostaddrs);
  const std::size_t count =
      by_address ? lists.hostaddrs.size() : std::max<std::size_t>(lists.hosts.size(), 1);
  std::string problem = CheckCounts(lists, count);
  std::vector<wire::UpstreamHost> paired;
  for (std::size_t i = 0; problem.empty() && i < count; ++i) {
    wire::UpstreamHost server;
    const std::string host = IsGiven(lists.hosts) ? lists.hosts[i] : "";
    problem = SetHost(host, server);
    if (problem.empty() && by_address) {
      problem = SetAddress(lists.hostaddrs[i], !host.empty(), server);
    }
    if (problem.empty() && !lists.ports.empty()) {
      problem = SetPort(lists.ports[lists.ports.size() == 1 ? 0 : i], server);
    }
    if (problem.empty()) problem = CheckServer(server);
    const bool twice = std::any_of(paired.begin(), paired.end(), [&](const auto& other) {
      return other.ToString() == server.ToString();
    });
    if (problem.empty() && twice) problem = "names a host and port twice";
    paired.push_back(std::move(server));
  }
  if (problem.empty()) servers = std::move(paired);
  return problem;
}

}  // namespace pgsidecar::config
